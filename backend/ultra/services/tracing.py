"""Opens what traces this server, where an endpoint is set; elsewhere nothing of it is even loaded."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from ultra import __version__
from ultra.config import ConfigurationInvalid, Problem, Settings
from ultra.domain.tracing import Tracing
from ultra.system import System


@asynccontextmanager
async def open_tracing(settings: Settings, *, system: System) -> AsyncIterator[Tracing | None]:
    """Give what traces, or None; raises `ConfigurationInvalid` where the extra for it is not installed."""
    if settings.otel_endpoint is None:
        yield None
        return
    try:
        from ultra.telemetry.traces import open_traces  # noqa: PLC0415 - an extra, which costs its memory
    except ImportError as error:
        raise ConfigurationInvalid(
            [
                Problem(
                    "ULTRA_OTEL_ENDPOINT",
                    f"needs OpenTelemetry, which is not installed ({error.name} is missing).",
                    "Install it: pip install 'ultra[otel]'. Or remove the setting.",
                )
            ]
        ) from error
    about = {
        "service.name": "ultra",
        "service.version": __version__,
        "service.instance.id": system.new_id("worker"),
        "deployment.environment.name": settings.environment,
    }
    headers = _headers(settings.otel_headers.reveal() or "")
    async with open_traces(
        endpoint=settings.otel_endpoint,
        headers=headers,
        ratio=settings.otel_sample_ratio,
        about=about,
        monotonic=system.monotonic,
    ) as traces:
        yield traces


def _headers(text: str) -> Mapping[str, str]:
    """Read `name=value,name=value`."""
    parts = (each.partition("=") for each in text.split(",") if each.strip())
    found = {name.strip().lower(): value.strip() for name, separator, value in parts if separator}
    if len(found) < sum(1 for each in text.split(",") if each.strip()):
        raise ConfigurationInvalid(
            [Problem("ULTRA_OTEL_HEADERS", "is not a list of headers.", "Write name=value, separated by commas.")]
        )
    return found
