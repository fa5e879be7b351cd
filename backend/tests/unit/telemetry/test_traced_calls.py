"""Spans around calls: what they say, what they never say, and that nothing else changes."""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from tests.fakes.completions import FakeCompletions, Reply
from tests.fakes.providers import FakeProvider
from tests.fakes.system import FakeSystem
from ultra.domain.chat import ChatRequest, Delta, Finished, Message, Sampling, Started, Text, Usage, UsageReported
from ultra.domain.completion import gather
from ultra.domain.errors import RateLimited, UltraError, Upstream
from ultra.domain.ports import CallContext
from ultra.telemetry import span_names as names
from ultra.telemetry.traced_calls import TracedCompletions, TracedProvider

ASKED = ChatRequest("one", (Message("user", (Text("a secret"),)),), sampling=Sampling(temperature=0.5))
SAID = [
    Started("id-1", "vendor", "one-2026"),
    2.0,
    Delta(0, "a secret answer"),
    UsageReported(Usage(7, output_total=3)),
    Finished("stop", "stop"),
]

Spans = Callable[[], tuple[ReadableSpan, ...]]


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Keep spans in memory."""
    kept = InMemorySpanExporter()
    yield kept
    kept.shutdown()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Tracer:
    """Trace into it."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("tests")


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Spans:
    """Return what reads the spans that have ended."""
    return exporter.get_finished_spans


async def test_a_call_says_what_the_conventions_ask_for(tracer: Tracer, spans: Spans) -> None:
    """Provider, model, sampling, tokens, time to the first chunk and the reason of its end; no content."""
    system = FakeSystem()
    provider = TracedProvider(FakeProvider("gemini", lambda _: SAID, system=system), tracer, monotonic=system.monotonic)
    async with provider.open(ASKED, deadline=system.monotonic() + 60) as stream:
        assert len([event async for event in stream]) == 4
    (span,) = spans()
    assert span.name == "chat one"
    assert dict(span.attributes or {}) == {
        names.OPERATION: "chat",
        names.PROVIDER: "gcp.gemini",
        names.REQUEST_MODEL: "one",
        names.REQUEST_STREAM: False,
        names.REQUEST_TEMPERATURE: 0.5,
        names.RESPONSE_ID: "id-1",
        names.RESPONSE_MODEL: "one-2026",
        names.RESPONSE_FIRST_CHUNK: 2.0,
        names.RESPONSE_FINISH_REASONS: ("stop",),
        names.INPUT_TOKENS: 7,
        names.OUTPUT_TOKENS: 3,
        names.CACHE_READ_TOKENS: 0,
        names.CACHE_WRITE_TOKENS: 0,
        names.REASONING_TOKENS: 0,
    }
    assert "secret" not in span.to_json()


@pytest.mark.parametrize("early", [True, False])
async def test_a_call_that_fails_says_how_and_not_in_which_words(tracer: Tracer, spans: Spans, early: bool) -> None:
    """Before the first event as after it; the error is raised as it was, and the stream is closed."""
    error = RateLimited("words with a secret", upstream=Upstream(status=429))
    inner = FakeProvider("acme", lambda _: [error] if early else [SAID[0], error])
    provider = TracedProvider(inner, tracer, monotonic=FakeSystem().monotonic)

    async def listen() -> None:
        async with provider.open(ASKED, deadline=60) as stream:
            async for _ in stream:
                pass

    with pytest.raises(RateLimited) as caught:
        await listen()
    assert caught.value is error
    assert inner.opened == inner.closed == 1
    (span,) = spans()
    known = dict(span.attributes or {})
    assert (known[names.ERROR_TYPE], known[names.HTTP_STATUS]) == ("rate_limited", 429)
    assert not span.status.is_ok
    assert "secret" not in span.to_json()


async def test_a_call_that_is_left_is_cancelled_and_no_error(tracer: Tracer, spans: Spans) -> None:
    """Whoever leaves is not a failure of the vendor."""
    provider = TracedProvider(FakeProvider("acme", lambda _: SAID), tracer, monotonic=FakeSystem().monotonic)
    with pytest.raises(asyncio.CancelledError):
        async with provider.open(ASKED, deadline=60):
            raise asyncio.CancelledError
    (span,) = spans()
    assert dict(span.attributes or {})[names.ERROR_TYPE] == "cancelled"
    assert span.status.description is None


async def test_lists_of_models_are_passed_on(tracer: Tracer) -> None:
    """The promise of a provider is kept whole."""
    provider = TracedProvider(FakeProvider("acme", lambda _: SAID), tracer, monotonic=FakeSystem().monotonic)
    assert (provider.name, await provider.list_models()) == ("acme", ())


@pytest.mark.parametrize("said", [Reply("It is so.", model="a/other"), RateLimited("a secret")])
async def test_a_completion_says_what_it_took(tracer: Tracer, spans: Spans, said: Reply | UltraError) -> None:
    """Who answered, after how many calls, for how much; its receipt is the one of what is inside."""
    system = FakeSystem()
    inner = FakeCompletions(system=system, default=said)
    opening = TracedCompletions(inner, tracer).open(ASKED, CallContext("ann", "req_1", 2000, run_id="run_1"))
    if isinstance(said, UltraError):
        with pytest.raises(RateLimited):
            await opening.__aenter__()
    else:
        async with opening as stream:
            await gather(stream)
    (span,) = spans()
    known = dict(span.attributes or {})
    assert (known[names.REQUEST_ID], known[names.RUN_ID]) == ("req_1", "run_1")
    assert known[names.ATTEMPTS] == opening.receipt.attempts
    if isinstance(said, Reply):
        assert (known[names.RESPONSE_MODEL], Decimal(str(known[names.COST_USD]))) == ("a/other", Decimal("0.001"))
    else:
        assert known[names.ERROR_TYPE] == "rate_limited"
    assert "ann" not in span.to_json()
    assert "secret" not in span.to_json()
