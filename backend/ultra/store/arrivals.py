"""Wakes whoever waits for the next event of a run, within this process."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from ultra.system import System


class Arrivals:
    """Who waits for which run, and after which `seq`."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[asyncio.Future[None], int]] = {}

    @property
    def awaited(self) -> Collection[str]:
        """The runs that somebody waits for now."""
        return self._waiting.keys()

    def announce(self, run_id: str, *, seq: int) -> None:
        """Say that events up to `seq` are there."""
        for future, after in self._waiting.get(run_id, {}).items():
            if after < seq and not future.done():
                future.set_result(None)

    @contextmanager
    def expecting(self, run_id: str, *, after: int) -> Iterator[asyncio.Future[None]]:
        """Give a future that is done once something newer than `after` was announced, from now on."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(run_id, {})
        waiting[future] = after
        try:
            yield future
        finally:
            future.cancel()
            del waiting[future]
            if not waiting:
                del self._waiting[run_id]


async def first_of(news: asyncio.Future[None], *, patience: float, system: System) -> None:
    """Return when the news is there, or after `patience` seconds."""
    timer = asyncio.ensure_future(system.sleep(patience))
    try:
        await asyncio.wait((news, timer), return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
