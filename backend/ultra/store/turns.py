"""Threads that take work in turn, and tell whoever waits too long that it was not begun."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Result = TypeVar("_Result")


class Turns:
    """As many threads as are said; what they are asked for beyond that queues."""

    def __init__(self, threads: int, *, name: str) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def take(self, call: Callable[[float], _Result], *, patience_s: float) -> _Result:
        """Run `call` in a thread, telling it how many seconds of the patience are left.

        Raises `TimeoutError` when no thread is free within that time: then it was not begun, and will not be. Once
        begun it ends by itself, and in what it returns or raises.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        turn = self._threads.submit(lambda: call(max(until - loop.time(), 0.0)))
        is_late = False

        def give_up() -> None:
            nonlocal is_late
            is_late = turn.cancel()  # impossible once it has begun

        alarm = loop.call_later(patience_s, give_up)  # a tenth of what waiting with a timeout costs
        cancelled_before = _cancelled()
        try:
            return await asyncio.wrap_future(turn)
        except asyncio.CancelledError:
            if is_late and _cancelled() == cancelled_before:
                raise TimeoutError from None
            raise
        finally:
            alarm.cancel()

    async def close(self) -> None:
        """Let what is under way and what queues end."""
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)


def _cancelled() -> int:
    """Return how often the caller has been asked to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()
