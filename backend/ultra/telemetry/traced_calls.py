"""Spans around completions, and around each call to a provider that they take."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from opentelemetry import context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context

from ultra.domain.chat import ChatRequest, Delta, Event, Finished, Started, Usage, UsageReported
from ultra.domain.errors import UltraError
from ultra.domain.models import ListedModel
from ultra.domain.ports import CallContext, Completions, EventStream, Provider
from ultra.domain.receipts import CompletionStream, Opening, Receipt
from ultra.telemetry import span_names as names


class TracedCompletions:
    """Keeps the promise `Completions` around another: a span from asking until the stream is closed."""

    def __init__(self, inner: Completions, tracer: Tracer) -> None:
        self._inner = inner
        self._tracer = tracer

    def open(self, request: ChatRequest, call: CallContext) -> Opening:
        """Ask."""
        return _TracedOpening(self._inner.open(request, call), self._tracer, request, call)


class _TracedOpening:
    """While it is entered, calls to providers are its children: all of them are made by then."""

    def __init__(self, inner: Opening, tracer: Tracer, request: ChatRequest, call: CallContext) -> None:
        self._inner = inner
        self._tracer = tracer
        self._request = request
        self._call = call
        self._span: Span | None = None

    async def __aenter__(self) -> CompletionStream:
        about = {names.OPERATION: names.CHAT, names.REQUEST_MODEL: self._request.model}
        about[names.REQUEST_ID] = self._call.request_id
        if self._call.run_id is not None:
            about[names.RUN_ID] = self._call.run_id
        self._span = span = self._tracer.start_span(f"completion {self._request.model}", attributes=about)
        token = context.attach(set_span_in_context(span))
        try:
            return await self._inner.__aenter__()
        except BaseException as error:
            self._end(error)
            raise
        finally:
            context.detach(token)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        try:
            return await self._inner.__aexit__(kind, error, trace)
        finally:
            self._end(error)

    @property
    def receipt(self) -> Receipt:
        return self._inner.receipt

    def _end(self, error: BaseException | None) -> None:
        span, self._span = self._span, None
        if span is None:
            return
        receipt = self._inner.receipt
        span.set_attribute(names.ATTEMPTS, receipt.attempts)
        if receipt.model is not None:
            span.set_attribute(names.RESPONSE_MODEL, receipt.model)
        if receipt.cost_usd is not None:
            span.set_attribute(names.COST_USD, format(receipt.cost_usd, "f"))
        if receipt.usage is not None:
            span.set_attributes(tokens(receipt.usage))
        blame(span, error)
        span.end()


class TracedProvider:
    """Keeps the promise `Provider` around another: a span a call, as the conventions for generative AI describe it."""

    def __init__(self, inner: Provider, tracer: Tracer, *, monotonic: Callable[[], float]) -> None:
        self._inner = inner
        self._tracer = tracer
        self._monotonic = monotonic

    @property
    def name(self) -> str:
        """The provider's own."""
        return self._inner.name

    async def list_models(self) -> tuple[ListedModel, ...]:
        """Return the provider's list; not traced."""
        return await self._inner.list_models()

    def open(self, request: ChatRequest, *, deadline: float) -> EventStream:
        """Ask once."""
        stream = self._inner.open(request, deadline=deadline)
        return _TracedCall(stream, self.name, request, self._tracer, monotonic=self._monotonic)


class _TracedCall:
    """One call: context manager and iterator in one. It hears every event and keeps none."""

    def __init__(
        self,
        stream: EventStream,
        provider: str,
        request: ChatRequest,
        tracer: Tracer,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self._stream = stream
        self._provider = provider
        self._request = request
        self._tracer = tracer
        self._monotonic = monotonic
        self._began = 0.0
        self._span: Span | None = None
        self._events: AsyncIterator[Event] | None = None
        self._take: Any = None
        self._error: BaseException | None = None
        self._is_silent = True

    async def __aenter__(self) -> Self:
        self._span = self._tracer.start_span(
            f"{names.CHAT} {self._request.model}",
            kind=SpanKind.CLIENT,
            attributes=_asked(self._provider, self._request),
        )
        self._began = self._monotonic()
        try:
            self._events = await self._stream.__aenter__()
        except BaseException as error:
            self._end(error)
            raise
        self._take = getattr(self._events, "ready", None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            if isinstance(self._events, AsyncGenerator):
                await self._events.aclose()
            return await self._stream.__aexit__(kind, error, trace)
        finally:
            self._end(self._error or error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._events is None:
            raise StopAsyncIteration
        try:
            return self._heard(await self._events.__anext__())
        except StopAsyncIteration:
            raise
        except BaseException as error:
            self._error = error
            raise

    def ready(self) -> Event | None:
        """Return the next event if it is there already."""
        event: Event | None = None if self._take is None else self._take()
        return None if event is None else self._heard(event)

    def _heard(self, event: Event) -> Event:
        span = self._span
        if span is None:
            return event
        if isinstance(event, Delta):
            if self._is_silent:
                self._is_silent = False
                span.set_attribute(names.RESPONSE_FIRST_CHUNK, round(self._monotonic() - self._began, 6))
        elif isinstance(event, Started):
            span.set_attributes({names.RESPONSE_ID: event.id, names.RESPONSE_MODEL: event.model})
        elif isinstance(event, UsageReported):
            span.set_attributes(tokens(event.usage))
        elif isinstance(event, Finished):
            span.set_attribute(names.RESPONSE_FINISH_REASONS, (event.reason,))
        return event

    def _end(self, error: BaseException | None) -> None:
        span, self._span = self._span, None
        if span is not None:
            blame(span, error)
            span.end()


def tokens(usage: Usage) -> dict[str, int]:
    """Return the tokens of a call as attributes."""
    return {
        names.INPUT_TOKENS: usage.input_total,
        names.OUTPUT_TOKENS: usage.output_total,
        names.CACHE_READ_TOKENS: usage.input_cached,
        names.CACHE_WRITE_TOKENS: usage.cache_write_5m + usage.cache_write_1h,
        names.REASONING_TOKENS: usage.output_reasoning,
    }


def blame(span: Span, error: BaseException | None) -> None:
    """Say what kind of error ended it; never its text, which may repeat what was asked."""
    if error is None or isinstance(error, GeneratorExit):
        return
    if not isinstance(error, Exception):
        span.set_attribute(names.ERROR_TYPE, "cancelled")
        return
    span.set_attribute(names.ERROR_TYPE, error.kind if isinstance(error, UltraError) else type(error).__name__)
    if isinstance(error, UltraError) and error.upstream is not None and error.upstream.status is not None:
        span.set_attribute(names.HTTP_STATUS, error.upstream.status)
    span.set_status(StatusCode.ERROR)


def _asked(provider: str, request: ChatRequest) -> dict[str, Any]:
    sampling = request.sampling
    found = {
        names.OPERATION: names.CHAT,
        names.PROVIDER: names.provider_name(provider),
        names.REQUEST_MODEL: request.model,
        names.REQUEST_STREAM: request.stream,
        names.REQUEST_MAX_TOKENS: request.max_output_tokens,
        names.REQUEST_TEMPERATURE: sampling.temperature,
        names.REQUEST_TOP_P: sampling.top_p,
        names.REQUEST_TOP_K: sampling.top_k,
        names.REQUEST_SEED: sampling.seed,
    }
    return {name: value for name, value in found.items() if value is not None}
