"""A machine whose clock ticks as told."""

import asyncio
import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ultra.system import Alarm, System

_MOST_TURNS = 10_000


class FakeSystem(System):
    """Virtual time, counted ids, seeded dice; nothing waits for real.

    By default time jumps: whenever every task waits, the clock goes to the earliest sleeper and wakes it, so
    `await system.sleep(3600)` returns at once, deadlines included, in the right order. With `jumps=False` time stands
    still until a test says `await system.tick(seconds)`. Jumping sees only tasks of this event loop: with sockets or
    threads in the test, do not jump.
    """

    def __init__(
        self,
        *,
        jumps: bool = True,
        at: datetime = datetime(2026, 1, 1, tzinfo=UTC),
        monotonic: float = 1000.0,
        seed: str = "fake",
    ) -> None:
        self.jumps = jumps
        self.slept: list[float] = []
        """Every wait that was asked for, in seconds, in order."""
        self._at = at
        self._start = monotonic
        self._time = monotonic
        self._seed = seed
        self._ids = itertools.count(1)
        self._tokens = itertools.count(1)
        self._dice = itertools.count(1)
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._watching = False
        self._settling = 0

    def now(self) -> datetime:
        """Return the virtual wall-clock time."""
        return self._at + timedelta(seconds=self._time - self._start)

    def monotonic(self) -> float:
        """Return the virtual seconds."""
        return self._time

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        self.slept.append(seconds)
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._sleepers, (self._time + seconds, next(self._order), woken))
        self._watch(loop)
        await woken

    def call_later(self, seconds: float, act: Callable[[], None]) -> Alarm:
        """Do something when virtual time has come so far."""

        async def wait() -> None:
            await self.sleep(seconds)
            act()

        return asyncio.get_running_loop().create_task(wait())

    def new_id(self, prefix: str) -> str:
        """Count: `run_00000000000000000000000001`, then 2; as long as real ones and in order."""
        return f"{prefix}_{next(self._ids):026d}"

    def token(self) -> str:
        """Count: `token-1`, `token-2`."""
        return f"token-{next(self._tokens)}"

    def dice(self, seed: str | None = None) -> random.Random:
        """Return repeatable dice; without a seed, each call gets others than the one before."""
        return random.Random(seed if seed is not None else f"{self._seed}-{next(self._dice)}")

    def advance(self, seconds: float) -> None:
        """Move the clock and wake who is due, without letting anybody run yet."""
        self._move(self._time + seconds)

    async def tick(self, seconds: float) -> None:
        """Move the clock by `seconds`, letting each sleeper run at its own time on the way."""
        until = self._time + seconds
        await self.settled()
        while (due := self._earliest()) is not None and due <= until:
            self._move(due)
            await self.settled()
        self._move(until)
        await self.settled()

    async def settled(self) -> None:
        """Return when every other task waits for something; time does not jump meanwhile."""
        ready = _ready(asyncio.get_running_loop())
        self._settling += 1
        try:
            for _ in range(_MOST_TURNS):
                await asyncio.sleep(0)
                if len(ready) <= self._watching:
                    return
            raise AssertionError("the tasks of this test never come to rest")
        finally:
            self._settling -= 1

    def _earliest(self) -> float | None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def _move(self, until: float) -> None:
        self._time = max(self._time, until)
        while (due := self._earliest()) is not None and due <= self._time:
            heapq.heappop(self._sleepers)[2].set_result(None)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.jumps and not self._watching:
            self._watching = True
            loop.call_soon(self._jump_when_idle, loop)

    def _jump_when_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watching = False
        due = self._earliest()
        if due is None or not self.jumps:
            return
        if not self._settling and not _ready(loop):
            self._move(due)
        self._watch(loop)


def _ready(loop: asyncio.AbstractEventLoop) -> deque[object]:
    """Return what the loop runs next: empty inside a callback means that everybody else waits."""
    ready: deque[object] = loop._ready  # type: ignore[attr-defined]  # no public way to ask for idleness
    return ready
