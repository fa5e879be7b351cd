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
        ending = asyncio.wrap_future(turn)
        try:
            done, _ = await asyncio.wait((ending,), timeout=patience_s)
        except asyncio.CancelledError:
            ending.cancel()
            raise
        if not done and turn.cancel():
            raise TimeoutError
        return await ending

    async def close(self) -> None:
        """Let what is under way and what queues end."""
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
