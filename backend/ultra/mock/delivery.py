"""Performs the steps of an answer on a socket, and notices when the client leaves."""

import asyncio
from collections.abc import Iterable
from email.utils import format_datetime

from starlette.types import Receive, Scope, Send

from ultra.mock import steps as step
from ultra.mock.log import Entry
from ultra.mock.transport import connection_of
from ultra.system import System

_GATHER_BYTES = 16 * 1024
_SETTLE_S = 0.02
"""Before a reset: bytes that were sent must have left, because an RST discards what has not."""


class Delivery:
    """An ASGI application for one answer. Writes the outcome into its log entry."""

    def __init__(self, steps: Iterable[step.Step], *, entry: Entry, system: System) -> None:
        self._steps = steps
        self._entry = entry
        self._system = system
        self._buffer = bytearray()
        self._headed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Perform every step in order; stop as soon as the client has left."""
        gone = asyncio.ensure_future(_wait_for_leave(receive))
        try:
            self._entry.end(await self._perform(scope, send, gone))
        except asyncio.CancelledError:
            self._entry.end("client_left")
            raise
        finally:
            gone.cancel()

    async def _perform(self, scope: Scope, send: Send, gone: "asyncio.Future[None]") -> str:
        for each in self._steps:
            if gone.done():
                return "client_left"
            match each:
                case step.Head():
                    await self._start(each, send)
                case step.Send():
                    self._entry.count(tokens=each.token)
                    self._buffer += each.data
                    if len(self._buffer) >= _GATHER_BYTES:
                        await self._flush(send)
                case step.Wait():
                    await self._flush(send)
                    if not await self._pause(each.seconds, gone):
                        return "client_left"
                case step.Reset():
                    await self._flush(send)
                    await asyncio.wait({gone}, timeout=_SETTLE_S)
                    connection_of(scope).reset()
                    await gone
                    return "reset"
                case step.HangUp():
                    await self._flush(send)
                    connection_of(scope).hang_up()
                    await gone
                    return "hung_up"
        await send({"type": "http.response.body", "body": bytes(self._buffer), "more_body": False})
        return "finished"

    async def _start(self, head: step.Head, send: Send) -> None:
        headers = {"date": format_datetime(self._system.now(), usegmt=True), **head.headers}
        if head.length is not None:
            headers["content-length"] = str(head.length)
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": head.status, "headers": raw})
        self._headed = True

    async def _flush(self, send: Send) -> None:
        """Send what was gathered. The head goes out with it, or alone when a silence follows."""
        if self._headed:
            data = bytes(self._buffer)
            self._buffer.clear()
            await send({"type": "http.response.body", "body": data, "more_body": True})

    async def _pause(self, seconds: float, gone: "asyncio.Future[None]") -> bool:
        """Wait that long; returns False as soon as the client leaves."""
        pause = asyncio.ensure_future(self._system.sleep(seconds))
        try:
            await asyncio.wait({pause, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
        return not gone.done()


async def _wait_for_leave(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
