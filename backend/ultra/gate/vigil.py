"""Ends open streams whose reader has lost the right to them."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultra.domain.errors import UltraError, Unauthenticated, Unavailable
from ultra.domain.identity import Principal
from ultra.system import System

Farewell: TypeAlias = Callable[[UltraError], Iterable[bytes]]
"""How one stream says in its own protocol that it ends with an error."""

FAREWELL = "ultra.farewell"
"""Under this name a stream's first message carries its `Farewell`; servers ignore what they do not know."""

_log = logging.getLogger("ultra.gate")


class Standing(Protocol):
    """Knows who would not be let in any more."""

    async def ended(self, principals: Sequence[Principal]) -> frozenset[int]:
        """Return the positions of those who are not any more what they were when they were let in."""


class Vigil:
    """Asks every `every` seconds about everybody who has a stream open; open it with `async with`.

    One question serves all streams. When it cannot be answered, streams go on, and it is asked again.
    """

    def __init__(self, *, standing: Standing, system: System, every: float = 5.0) -> None:
        self._standing = standing
        self._system = system
        self._every = every
        self._watched: dict[Principal, set[asyncio.Timeout]] = {}
        self._sweeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._sweeping = asyncio.ensure_future(self._sweep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.wait({self._sweeping})

    def watch(self, principal: Principal, stream: asyncio.Timeout) -> None:
        """Let a stream's time run out when its principal loses what it was let in with."""
        self._watched.setdefault(principal, set()).add(stream)

    def forget(self, principal: Principal, stream: asyncio.Timeout) -> None:
        """Watch a stream no longer; harmless when it was not."""
        streams = self._watched.get(principal, set())
        streams.discard(stream)
        if not streams:
            self._watched.pop(principal, None)

    async def _sweep(self) -> None:
        while True:
            await self._system.sleep(self._every)
            try:
                principals = tuple(self._watched)
                ended = await self._standing.ended(principals)
            except Exception:  # noqa: BLE001 - the store is away: what was right a moment ago goes on until it can be asked
                _log.exception("it cannot be asked who may go on reading")
                continue
            for position in ended:
                for stream in self._watched.pop(principals[position], ()):
                    stream.reschedule(asyncio.get_running_loop().time())


class Watched:
    """Has streams watched from their first byte on, and lets each end in its own words.

    A stream that must end is cancelled; the error that its protocol has for that is written, and the response is
    whole. The same is done, as `shutting_down`, when the server's patience is over. A response that is no stream of
    events breaks off.
    """

    def __init__(self, app: ASGIApp, *, vigil: Callable[[Scope], Vigil]) -> None:
        self._app = app
        self._vigil = vigil

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        principal: Principal | None = scope.get("ultra.principal")
        farewell: Farewell | None = None
        is_open = False

        async def send_watched(message: Message) -> None:
            nonlocal farewell, is_open
            if message["type"] == "http.response.start":
                farewell = message.pop(FAREWELL, None)
            elif message.get("more_body", False):
                if not is_open and principal is not None:
                    vigil.watch(principal, stream)
                is_open = True
            else:
                is_open = False
            await send(message)

        vigil = self._vigil(scope)
        stream = asyncio.timeout(None)
        try:
            async with stream:
                await self._app(scope, receive, send_watched)
        except TimeoutError:
            if not stream.expired():
                raise
            scope["ultra.facts"]["error"] = "session_ended"
            await _end(_ENDED, farewell, send)
        except asyncio.CancelledError:
            if is_open:
                await _end(leaving(), farewell, send)
            raise leaving() from None
        finally:
            if principal is not None:
                vigil.forget(principal, stream)


_ENDED = Unauthenticated("The session or key that opened this stream has ended.", code="session_ended")


def leaving() -> Unavailable:
    """Return what a client is told whose request Ultra cannot finish before it stops."""
    return Unavailable("Ultra is shutting down.", code="shutting_down", hint="Ask again in a moment.", retry_after=1.0)


async def _end(error: UltraError, farewell: Farewell | None, send: Send) -> None:
    if farewell is None:
        return
    await send({"type": "http.response.body", "body": b"".join(farewell(error)), "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
