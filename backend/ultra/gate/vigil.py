"""Ends what is under way for those who have lost the right to it."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
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
    """Asks every `every` seconds about everybody who waits for an answer; open it with `async with`.

    One question serves all requests. When it cannot be answered, they go on, and it is asked again.
    """

    def __init__(self, *, standing: Standing, system: System, every: float = 5.0) -> None:
        self._standing = standing
        self._system = system
        self._every = every
        self._watched: dict[asyncio.Timeout, Principal] = {}
        """Grouped by principal only when it is asked: most requests are over before that."""
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

    def watch(self, principal: Principal, request: asyncio.Timeout) -> None:
        """Let a request's time run out when its principal loses what it was let in with."""
        self._watched[request] = principal

    def forget(self, request: asyncio.Timeout) -> None:
        """Watch a request no longer; harmless when it was not."""
        self._watched.pop(request, None)

    async def _sweep(self) -> None:
        while True:
            await self._system.sleep(self._every)
            try:
                principals = tuple(dict.fromkeys(self._watched.values()))
                positions = await self._standing.ended(principals)
            except Exception:  # noqa: BLE001 - the store is away: what was right a moment ago goes on until it can be asked
                _log.exception("it cannot be asked who may go on reading")
                continue
            self._end({principals[each] for each in positions})

    def _end(self, ended: AbstractSet[Principal]) -> None:
        now = asyncio.get_running_loop().time()
        for request in [request for request, principal in self._watched.items() if principal in ended]:
            self.forget(request)
            request.reschedule(now)


class Watched:
    """Has requests watched from the moment their caller was let in, and lets each end in its own words.

    Who must not be answered any more is cancelled. Before the answer has begun, that raises `Unauthenticated`
    (`session_ended`); in a stream of events the error that its protocol has for that is written, and the response is
    whole. The same is done, as `shutting_down`, when the server's patience is over. A response that is no stream of
    events breaks off.

    What may end the caller itself (signing out, another password) is not `at_once` watched but from its first byte on:
    it has done what it was asked for, and says so.
    """

    def __init__(self, app: ASGIApp, *, vigil: Callable[[Scope], Vigil], at_once: bool) -> None:
        self._app = app
        self._vigil = vigil
        self._at_once = at_once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        principal: Principal | None = scope.get("ultra.principal")
        vigil, time = self._vigil(scope), asyncio.timeout(None)

        def watch() -> None:
            if principal is not None:
                vigil.watch(principal, time)

        answer = _Answer(send, opens=watch)
        if self._at_once:
            watch()
        try:
            async with time:
                await self._app(scope, receive, answer.send)
        except TimeoutError:
            if not time.expired():
                raise
            if not answer.has_begun:
                raise _ended() from None
            scope["ultra.facts"]["error"] = "session_ended"
            await answer.end(_ended())
        except asyncio.CancelledError:
            if answer.is_open:
                await answer.end(leaving())
            raise leaving() from None
        finally:
            vigil.forget(time)


class _Answer:
    """How far an answer has come; `opens` is called when it turns out to be a stream."""

    def __init__(self, send: Send, *, opens: Callable[[], None]) -> None:
        self._send = send
        self._opens = opens
        self._farewell: Farewell | None = None
        self.has_begun = self.is_open = False

    async def send(self, message: Message) -> None:
        """Send a message on."""
        if message["type"] == "http.response.start":
            self._farewell = message.pop(FAREWELL, None)
            self.has_begun = True
        elif message.get("more_body", False):
            if not self.is_open:
                self._opens()
            self.is_open = True
        else:
            self.is_open = False
        await self._send(message)

    async def end(self, error: UltraError) -> None:
        """Say in the stream's own protocol that it ends, where it has words for that."""
        if self._farewell is None:
            return
        await self._send({"type": "http.response.body", "body": b"".join(self._farewell(error)), "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _ended() -> Unauthenticated:
    return Unauthenticated("The session or key that asked for this has ended.", code="session_ended")


def leaving() -> Unavailable:
    """Return what a client is told whose request Ultra cannot finish before it stops."""
    return Unavailable("Ultra is shutting down.", code="shutting_down", hint="Ask again in a moment.", retry_after=1.0)
