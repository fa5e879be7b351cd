"""A response of server-sent events: headers that keep proxies from buffering, and a sign of life in silence."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from starlette.types import Send

from ultra.domain.errors import UltraError
from ultra.gate.vigil import FAREWELL
from ultra.protocols.sse import HEADERS
from ultra.system import System


class EventResponse:
    """Open it with `async with`, then `write` frames; leaving ends the response.

    When nothing was written for `every` seconds, `keepalive` is sent: what is legal differs by wire, and None sends
    nothing. A write waits until the client took the bytes, so a slow reader slows the vendor's socket down.

    The status is out: whatever breaks the block is told inside the stream in the frames that `explain` returns, and
    raised on, to be logged. Only who cancels the stream knows why, so that is told by the vigil, in the same words.
    """

    def __init__(
        self,
        send: Send,
        *,
        system: System,
        keepalive: bytes | None,
        explain: Callable[[UltraError], Iterable[bytes]],
        every: float = 10.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._send = send
        self._system = system
        self._keepalive = keepalive
        self._explain = explain
        self._every = every
        self._headers = {**HEADERS, **(headers or {})}
        self._last = 0.0
        self._ticker: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await self._send({**start, FAREWELL: self._explain})
        self._last = self._system.monotonic()
        if self._keepalive is not None:
            self._ticker = asyncio.ensure_future(self._tick(self._keepalive))
        return self

    async def write(self, frames: Iterable[bytes]) -> None:
        """Send whole frames."""
        body = b"".join(frames)
        if body:
            self._last = self._system.monotonic()
            await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.wait({self._ticker})
        if isinstance(error, asyncio.CancelledError):
            return
        if error is not None:
            await self.write(self._explain(_told(error)))
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tick(self, keepalive: bytes) -> None:
        while True:
            silent = self._system.monotonic() - self._last
            if silent >= self._every:
                await self.write([keepalive])
                silent = 0.0
            await self._system.sleep(self._every - silent)


def _told(error: BaseException) -> UltraError:
    if isinstance(error, UltraError):
        return error
    return UltraError("Something went wrong inside this server.")
