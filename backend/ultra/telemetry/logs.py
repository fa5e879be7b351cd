"""Log lines, for people or for programs, on stderr; secrets are masked in every one."""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Literal

import orjson
import structlog

from ultra.telemetry.redaction import mask_event


def configure(*, level: str, form: Literal["console", "json"]) -> None:
    """Set up logging for this process: structlog's lines and the standard library's go the same way."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_event,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(form)],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("uvicorn", "alembic"):  # what they say in good times, Ultra says itself or nobody needs
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def write_request(facts: Mapping[str, Any]) -> None:
    """Write the one line of a request."""
    structlog.stdlib.get_logger("ultra.request").info("request", **facts)


def _renderers(form: Literal["console", "json"]) -> list[structlog.typing.Processor]:
    if form == "json":
        return [structlog.processors.JSONRenderer(serializer=_dumps)]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _dumps(event: Mapping[str, Any], **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
