"""Requests are traced as they are, and joined to a trace only where that is believed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.fakes.asgi import Exchange
from ultra.gate.tracing import Traced

PARENT = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "a=b"}


class Tracer:
    """Remembers what it is told; keeps the part of `Tracing` that requests use."""

    trace_id = "0" * 31 + "1"

    def __init__(self) -> None:
        self.carried: Mapping[str, str] = {}
        self.told: dict[str, Any] = {}

    @contextmanager
    def request(self, method: str, carried: Mapping[str, str]) -> Iterator["Tracer"]:
        """Begin."""
        self.carried = carried
        yield self

    def ended(self, **told: Any) -> None:
        """Hear how it ended."""
        self.told = told


async def asked(route: Any, **scope: Any) -> tuple[Tracer, Exchange]:
    """Ask once."""
    tracer: Any = Tracer()
    exchange = Exchange(headers=PARENT, scope={"ultra.from_proxy": False, **scope})
    await exchange(Traced(route, tracing=lambda _: tracer))
    return tracer, exchange


async def answered(scope, receive, send) -> None:
    """Answer."""
    scope["ultra.route"] = "/v1/models"
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def test_the_end_is_told_with_the_pattern_and_the_log_learns_the_trace() -> None:
    """Span and log line can be brought together from either side."""
    tracer, exchange = await asked(answered)
    assert tracer.told == {"route": "/v1/models", "status": 200, "request_id": "req_test0001"}
    assert exchange.scope["ultra.facts"]["trace_id"] == tracer.trace_id


@pytest.mark.parametrize(("from_proxy", "carried"), [(True, PARENT), (False, {})])
async def test_only_a_trusted_proxy_carries_a_trace_on(from_proxy: bool, carried: Mapping[str, str]) -> None:
    """From anybody else the headers are as if they were not there."""
    tracer, _ = await asked(answered, **{"ultra.from_proxy": from_proxy})
    assert tracer.carried == carried


async def test_a_client_that_left_has_no_status() -> None:
    """Whatever was sent by then."""

    async def left(scope, receive, send) -> None:
        await answered(scope, receive, send)
        scope["ultra.facts"]["client_left"] = True

    tracer, _ = await asked(left)
    assert tracer.told["status"] is None
