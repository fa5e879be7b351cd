"""One absolute deadline over many waits."""

import asyncio
from collections.abc import Awaitable, Generator
from types import TracebackType, coroutine
from typing import Any, TypeVar

from ultra.domain.errors import TimedOut
from ultra.system import Alarm, System

Value = TypeVar("Value")


class Deadline:
    """Cuts a wait short with `TimedOut` at an absolute time on `System.monotonic()`; `with deadline:` is one wait.

    One alarm serves all the waits of a call, because setting one for each event costs more than passing the event on.
    Between waits nobody is disturbed: the next wait raises at once.
    """

    __slots__ = ("_alarm", "_at", "_cancelling", "_is_cut", "_is_over", "_loop", "_system", "_waiting")

    def __init__(self, at: float, system: System) -> None:
        self._at = at
        self._system = system
        self._is_over = False
        self._is_cut = False
        self._waiting: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarm: Alarm | None = None

    def start(self) -> None:
        """Begin to watch the clock; `stop` must follow."""
        self._loop = asyncio.get_running_loop()
        self._alarm = self._system.call_later(self._at - self._system.monotonic(), self._expire)

    def stop(self) -> None:
        """Stop watching."""
        if self._alarm is not None:
            self._alarm.cancel()

    @coroutine
    def over(self, awaitable: Awaitable[Value]) -> Generator[Any, None, Value]:
        """Await something that is often there already: only where it really waits is it put under the deadline."""
        if self._is_over:
            raise passed()
        waiting = awaitable.__await__()
        try:
            awaited = next(waiting)
        except StopIteration as there:
            return there.value  # type: ignore[no-any-return]  # what a generator returns has no type here
        with self:
            while True:
                try:
                    yield awaited
                except BaseException as error:  # noqa: BLE001 - whatever it is, it is for whoever waits inside
                    try:
                        awaited = waiting.throw(error)
                    except StopIteration as there:
                        return there.value  # type: ignore[no-any-return]  # the same
                else:
                    return (yield from waiting)

    def __enter__(self) -> None:
        if self._is_over:
            raise passed()
        task = asyncio.current_task(self._loop)
        if task is None:
            raise RuntimeError("A wait belongs to a task.")
        self._waiting = task
        self._cancelling = task.cancelling()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._waiting = self._waiting, None
        if not self._is_cut or task is None:
            return
        # A cancellation from outside that came at the same moment wins: then more of them are left than before.
        is_only_ours = task.uncancel() <= self._cancelling
        if is_only_ours and (kind is None or kind is asyncio.CancelledError):
            raise passed() from error

    def _expire(self) -> None:
        self._is_over = True
        if self._waiting is not None:
            self._is_cut = True
            self._waiting.cancel()


def passed() -> TimedOut:
    """Return the error for a deadline that is over."""
    return TimedOut("The deadline passed.", hint="Allow more time, or ask a faster model.")
