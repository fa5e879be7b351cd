"""Traces, sent as OTLP over HTTP. Loaded only where an endpoint is set: it needs the extra `otel`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ultra.domain.ports import Completions, Conduct, Journal, Provider, Runs
from ultra.domain.tracing import RequestSpan
from ultra.telemetry import span_names as names
from ultra.telemetry.traced_calls import TracedCompletions, TracedProvider
from ultra.telemetry.traced_runs import Stages, TracedConduct, TracedJournal

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PATH: Final = "/v1/traces"
_SEND_S: Final = 10
_FLUSH_MS: Final = 5000


@asynccontextmanager
async def open_traces(
    *,
    endpoint: str,
    headers: Mapping[str, str],
    ratio: float,
    about: Mapping[str, str],
    monotonic: Callable[[], float],
) -> AsyncIterator["Traces"]:
    """Give what traces this process. Spans wait in memory, at most 2048, and a thread sends them; none is waited for.

    `ratio` of the traces that begin here are kept; one that a caller began is kept if the caller keeps it. `about`
    describes this process. What is left at the end has five seconds to be sent.
    """
    exporter = OTLPSpanExporter(
        endpoint=endpoint if endpoint.endswith(_PATH) else f"{endpoint}{_PATH}", headers=headers, timeout=_SEND_S
    )
    provider = TracerProvider(
        resource=Resource(dict(about)),
        sampler=ParentBased(TraceIdRatioBased(ratio)),
        span_limits=SpanLimits(max_span_attributes=64, max_span_attribute_length=500),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=2048, schedule_delay_millis=1000, max_export_batch_size=512)
    )
    # A collector that is away is told of by every batch, with a traceback; one line each is enough.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    try:
        yield Traces(provider.get_tracer("ultra"), monotonic=monotonic)
    finally:
        await asyncio.to_thread(provider.force_flush, _FLUSH_MS)
        await asyncio.to_thread(provider.shutdown)


class Traces:
    """Keeps the promise `Tracing` with OpenTelemetry."""

    def __init__(self, tracer: Tracer, *, monotonic: Callable[[], float]) -> None:
        self._tracer = tracer
        self._monotonic = monotonic
        self._stages = Stages(tracer)
        self._read = TraceContextTextMapPropagator()

    @contextmanager
    def request(self, method: str, carried: Mapping[str, str]) -> Iterator[RequestSpan]:
        """Trace a request, as part of the caller's trace where `carried` names one."""
        known = method if method in _METHODS else "_OTHER"
        parent = self._read.extract(carried) if carried else None
        with self._tracer.start_as_current_span(
            known, parent, SpanKind.SERVER, {names.HTTP_METHOD: known}, record_exception=False
        ) as span:
            yield _Request(span, known)

    def completions(self, inner: Completions) -> Completions:
        """Trace completions."""
        return TracedCompletions(inner, self._tracer)

    def provider(self, inner: Provider) -> Provider:
        """Trace each call to a provider."""
        return TracedProvider(inner, self._tracer, monotonic=self._monotonic)

    def conduct(self, inner: Conduct, *, runs: Runs) -> Conduct:
        """Trace runs."""
        return TracedConduct(inner, self._tracer, self._stages, runs)

    def journal(self, inner: Journal) -> Journal:
        """Trace the stages of runs."""
        return TracedJournal(inner, self._stages)


class _Request:
    def __init__(self, span: Span, method: str) -> None:
        self._span = span
        self._method = method

    @property
    def trace_id(self) -> str:
        return format_trace_id(self._span.get_span_context().trace_id)

    def ended(self, *, route: str, status: int | None, request_id: str) -> None:
        span = self._span
        span.update_name(f"{self._method} {route}")
        span.set_attributes({names.HTTP_ROUTE: route, names.REQUEST_ID: request_id})
        if status is None:
            span.set_attribute(names.ERROR_TYPE, "client_left")
            return
        span.set_attribute(names.HTTP_STATUS, status)
        if status >= 500:
            span.set_attribute(names.ERROR_TYPE, str(status))
            span.set_status(StatusCode.ERROR)
