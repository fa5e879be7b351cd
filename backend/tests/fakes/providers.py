"""A provider that follows a script: keeps the promise of `domain/ports.py: Provider` without a socket."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self, TypeAlias

from ultra.domain.chat import ChatRequest, Event, Finished
from ultra.domain.errors import TimedOut, Truncated, UltraError
from ultra.domain.models import ListedModel
from ultra.system import System

Line: TypeAlias = Event | UltraError | float
Script: TypeAlias = Callable[[ChatRequest], Sequence[Line]]


class FakeProvider:
    """Answers as its script says: an event is given, an error is raised, a float is that many seconds of waiting.

    What stands before the first event happens on entering, like a vendor's status line; the rest on iterating.
    A script that ends without `Finished` raises `Truncated`, and waiting past the deadline raises `TimedOut`, as a
    real provider does. Waiting is `system.sleep`; without a system it only lets other tasks run.

    `requests` has every request in order, `deadlines` theirs; `opened` and `closed` count streams, so equal numbers
    mean that nothing leaked. `finished` counts those read to their end.
    """

    def __init__(
        self,
        name: str,
        script: Script,
        *,
        system: System | None = None,
        models: Sequence[ListedModel] | UltraError = (),
    ) -> None:
        self.name = name
        self.script = script
        self.system = system
        self.models = models
        self.requests: list[ChatRequest] = []
        self.deadlines: list[float] = []
        self.opened = 0
        self.closed = 0
        self.finished = 0

    def open(self, request: ChatRequest, *, deadline: float) -> "FakeStream":
        """Begin to follow the script for this request, once entered."""
        return FakeStream(self, request, deadline)

    async def list_models(self) -> tuple[ListedModel, ...]:
        """Return the models given, or raise the error given instead."""
        if isinstance(self.models, UltraError):
            raise self.models
        return tuple(self.models)


class FakeStream:
    """One call under way; made by `FakeProvider.open`."""

    def __init__(self, provider: FakeProvider, request: ChatRequest, deadline: float) -> None:
        self._provider = provider
        self._request = request
        self._deadline = deadline
        self._lines: deque[Line] = deque()
        self._is_finished = False

    async def __aenter__(self) -> AsyncIterator[Event]:
        provider = self._provider
        provider.requests.append(self._request)
        provider.deadlines.append(self._deadline)
        provider.opened += 1
        self._lines.extend(provider.script(self._request))
        try:
            await self._reach_event()
        except BaseException:
            provider.closed += 1
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._provider.closed += 1

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._is_finished:
            raise StopAsyncIteration
        event = await self._reach_event()
        self._lines.popleft()
        if isinstance(event, Finished):
            self._is_finished = True
            self._provider.finished += 1
        return event

    async def _reach_event(self) -> Event:
        while self._lines:
            line = self._lines[0]
            if not isinstance(line, (int, float, UltraError)):
                return line
            self._lines.popleft()
            if isinstance(line, UltraError):
                raise line
            await self._wait(line)
        raise Truncated("The script ended before its end was announced.", provider=self._provider.name)

    async def _wait(self, seconds: float) -> None:
        system = self._provider.system
        if system is None:
            await asyncio.sleep(0)
            return
        left = self._deadline - system.monotonic()
        await system.sleep(max(0.0, min(seconds, left)))
        if seconds > left:
            raise TimedOut("The deadline passed.", provider=self._provider.name, model=self._request.model)
