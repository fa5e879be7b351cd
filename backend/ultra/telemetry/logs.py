"""Log lines, for people or for programs, on stderr; secrets are masked in every one."""

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

import orjson
import structlog

from ultra.telemetry.redaction import mask_event, masked


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


def request_writer(
    *, level: str, form: Literal["console", "json"], now: Callable[[], datetime]
) -> Callable[[Mapping[str, Any]], None]:
    """Return what writes the one line of each request; `level` is the least severe one that is written.

    A line for programs has the same members as every other one but is put together here, without the standard
    library's machinery: that takes a tenth of the time of a whole completion.
    """
    if logging.getLevelNamesMapping()[level.upper()] > logging.INFO:
        return _write_nothing
    if form == "console":
        return _write_through_structlog

    def write(facts: Mapping[str, Any]) -> None:
        event = {
            **structlog.contextvars.get_contextvars(),
            **facts,
            "event": "request",
            "level": "info",
            "logger": _REQUESTS,
            "timestamp": now().isoformat().replace("+00:00", "Z"),
        }
        texts = "\n".join([each for each in event.values() if isinstance(each, str)])
        if masked(texts) != texts:  # no pattern reaches over a line end, so one look at all of them is enough
            mask_event(None, "info", event)
        sys.stderr.write(f"{_dumps(event)}\n")

    return write


_REQUESTS: Final = "ultra.request"


def _write_through_structlog(facts: Mapping[str, Any]) -> None:
    structlog.stdlib.get_logger(_REQUESTS).info("request", **facts)


def _write_nothing(_: Mapping[str, Any]) -> None:
    return


def warn(sentence: str, **facts: Any) -> None:
    """Write a line that an operator should read."""
    structlog.stdlib.get_logger("ultra").warning(sentence, **facts)


def _renderers(form: Literal["console", "json"]) -> list[structlog.typing.Processor]:
    if form == "json":
        return [structlog.processors.JSONRenderer(serializer=_dumps)]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


def _dumps(event: Mapping[str, Any], **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
