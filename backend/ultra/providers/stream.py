"""One answer under way: the socket, its clocks and its end. Opened and closed by `async with`."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

import aiohttp
from yarl import URL

from ultra.domain.chat import ChatRequest, Event, Finished, Loss, Started
from ultra.domain.errors import ProtocolViolated, TimedOut, UltraError, Upstream
from ultra.protocols.sse import Decoder, Frame
from ultra.providers.calls import Call, StreamDecoder
from ultra.providers.faults import dress
from ultra.providers.session import FAILURES, network_error

if TYPE_CHECKING:
    from ultra.providers.base import HttpProvider

_ERROR_BODY = 64 * 1024
_EVENT = 16 * 1024 * 1024
_FAREWELL = 0.05
"""Seconds granted to the last bytes of a finished answer, so that its connection can be used again."""


class ProviderStream:
    """The promise `EventStream`: entering asks, iterating listens, leaving closes the connection, whatever the reason.

    Iterating raises one `UltraError` at most, after every event that came before it was given.
    """

    def __init__(self, provider: "HttpProvider", request: ChatRequest, deadline: float) -> None:
        self._provider = provider
        self._request = request
        self._deadline = deadline
        self._secret: str | None = None
        self._losses: tuple[Loss, ...] = ()
        self._response: aiohttp.ClientResponse | None = None
        self._decoder: StreamDecoder
        self._frames = Decoder(max_event_bytes=_EVENT)
        self._ready: deque[Event] = deque()
        self._failure: UltraError | None = None
        self._has_bytes = False
        self._is_over = False
        self._first_byte_by = 0.0

    async def __aenter__(self) -> AsyncIterator[Event]:
        try:
            await self._ask()
        except UltraError as error:
            self._close()
            raise self._dressed(error) from None
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._is_over and self._failure is None and self._has_more():
                with suppress(TimeoutError, *FAILURES):
                    async with asyncio.timeout(_FAREWELL):
                        while await self._body.readany():
                            pass
        finally:
            self._close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._ready:
            if self._failure is not None:
                raise self._failure
            if self._is_over:
                raise StopAsyncIteration
            await self._advance()
        return self._next()

    def ready(self) -> Event | None:
        """Return the next event if it is there already: what came in one piece need not be awaited one by one."""
        return self._next() if self._ready else None

    def _next(self) -> Event:
        event = self._ready.popleft()
        if isinstance(event, Started):
            return replace(event, losses=self._losses + event.losses)
        return event

    # --- asking -----------------------------------------------------------------------------------------------------

    async def _ask(self) -> None:
        provider = self._provider
        call, self._losses = provider.encode(self._request)
        self._decoder = provider.decoder(self._request)
        self._secret, headers = provider.signed(call)
        self._first_byte_by = provider.system.monotonic() + provider.timeouts.first_byte
        async with _Patience(self, self._first_byte_by):
            response = self._response = await post(provider, call, headers)
            if response.status != 200:
                body = await capped(response)
                raise provider.explain(response.status, lower(response.headers), body)

    # --- listening --------------------------------------------------------------------------------------------------

    async def _advance(self) -> None:
        try:
            chunk = await self._chunk()
        except UltraError as error:
            if not self._decoder.is_complete:
                self._fail(error)
                return
            chunk = b""
        try:
            if chunk:
                if not self._has_bytes:
                    chunk = await self._checked(chunk)
                self._decode(self._frames.feed(chunk))
            else:
                self._end()
        except UltraError as error:
            self._fail(error)

    def _decode(self, frames: list[Frame]) -> None:
        for frame in frames:
            for event in self._decoder.decode(frame):
                self._ready.append(event)
                if isinstance(event, Finished):
                    self._is_over = True
                    return

    def _end(self) -> None:
        """Take leave of a body that has ended; a last event that only lacks its blank line still counts."""
        if self._frames.pending and not self._decoder.is_complete:
            with suppress(ProtocolViolated):
                self._decode(self._frames.feed(b"\n\n"))
        if not self._is_over:
            self._is_over = True
            self._ready.extend(self._decoder.end())

    def _fail(self, error: UltraError) -> None:
        self._failure = self._dressed(error)
        self._close()

    async def _chunk(self) -> bytes:
        body, provider = self._body, self._provider
        try:
            # what is there already needs no clock
            if chunk := body.read_nowait():
                return chunk
        except FAILURES as error:
            raise network_error(error, provider.name) from None
        until = self._first_byte_by
        if self._has_bytes:
            wait = provider.timeouts.linger if self._decoder.is_complete else provider.timeouts.idle
            until = provider.system.monotonic() + wait
        async with _Patience(self, until):
            return await body.readany()

    async def _checked(self, chunk: bytes) -> bytes:
        """Refuse an answer that is a page or plain JSON instead of events; its first visible byte tells."""
        first = chunk.lstrip()[:1]
        self._has_bytes = bool(first)
        if first not in (b"<", b"{", b"["):
            return chunk
        response, provider = self._response, self._provider
        assert response is not None  # noqa: S101 - entering has set it
        async with _Patience(self, provider.system.monotonic() + provider.timeouts.idle):
            body = chunk + await capped(response)
        if first != b"<" and b'"error"' in body:
            raise provider.explain(200, lower(response.headers), body)
        raise ProtocolViolated(
            f"{provider.name} answered with {'a page' if first == b'<' else 'JSON'} instead of a stream of events.",
            hint=f"Check the base URL of {provider.name}.",
        )

    # --- ending -----------------------------------------------------------------------------------------------------

    def _dressed(self, error: UltraError) -> UltraError:
        response = self._response
        return dress(
            error,
            provider=self._provider.name,
            model=self._request.model,
            secret=self._secret,
            request_id=request_id(response.headers) if response is not None else None,
            answering=response is not None and response.status == 200,
        )

    @property
    def _body(self) -> aiohttp.StreamReader:
        assert self._response is not None  # noqa: S101 - entering has set it
        return self._response.content

    def _has_more(self) -> bool:
        return self._response is not None and not self._body.at_eof()

    def _close(self) -> None:
        if self._response is not None:
            close(self._response)


class _Patience:
    """Bounds what happens inside by `until` and by the stream's deadline; failures come out as `UltraError`."""

    def __init__(self, stream: ProviderStream, until: float) -> None:
        self._name = stream._provider.name  # noqa: SLF001 - one thing in two classes
        self._by_deadline = stream._deadline <= until  # noqa: SLF001 - the same
        left = min(until, stream._deadline) - stream._provider.system.monotonic()  # noqa: SLF001 - the same
        if left <= 0:
            raise TimedOut("The deadline has passed.", code="timeout", upstream=Upstream())
        self._timeout = asyncio.timeout(left)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            reason = "before the deadline" if self._by_deadline else "for too long"
            message = f"{self._name} sent nothing {reason}."
            raise TimedOut(message, code="timeout", upstream=Upstream(started=True)) from None
        if isinstance(error, FAILURES):
            raise network_error(error, self._name) from None


async def post(provider: "HttpProvider", call: Call, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
    """Send a call and return the answer's head; cancelling closes the connection."""
    return await provider.session.request(
        call.method,
        URL(provider.base_url + call.path, encoded=True),
        data=call.body or None,
        headers=headers,
        allow_redirects=False,
        timeout=provider.client_timeout,
    )


async def capped(response: aiohttp.ClientResponse, limit: int = _ERROR_BODY) -> bytes:
    """Read a body up to `limit` bytes; what is beyond is not read."""
    body = bytearray()
    while len(body) < limit and (chunk := await response.content.read(limit - len(body))):
        body += chunk
    return bytes(body)


def close(response: aiohttp.ClientResponse) -> None:
    """End a call: an unfinished one takes its connection with it, at once, so that nobody reads its rest."""
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()
    response.close()


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with lower-case names."""
    return {name.lower(): value for name, value in headers.items()}


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the vendor's own id of the call, where it has one."""
    return headers.get("x-request-id") or headers.get("request-id")
