"""Answers scrapes: with what this worker has counted, or with the sums of all workers where there are several."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from ultra.system import System
from ultra.telemetry import pulse
from ultra.telemetry.families import Exposition, Family, exposed
from ultra.telemetry.metrics import Metrics

_LOG = logging.getLogger("ultra.telemetry")

KEEP_EVERY_S: Final = 5.0
"""How old the counts of another worker may be in a scrape, and what of them is lost with a worker that is killed."""


class Scrapes:
    """What `/metrics` answers. `folder` is where several workers keep their counts, None where there is one worker."""

    def __init__(self, metrics: Metrics, *, folder: Path | None, name: str) -> None:
        self._metrics = metrics
        self._turn = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._siblings = None
        if folder is not None:
            from ultra.telemetry.siblings import Siblings  # noqa: PLC0415 - its locks are not there on Windows

            self._siblings = Siblings(folder=folder, name=name)

    async def answer(self, *, accept: str) -> Exposition:
        """Return the counts in the format that the `Accept` header asks for."""
        families, number = await self._taken()
        siblings = self._siblings

        def written() -> Exposition:
            if siblings is None:
                return exposed(families, accept=accept)
            siblings.keep(families, number=number)
            return exposed(siblings.all(), accept=accept)

        return await asyncio.to_thread(written)

    async def _taken(self) -> tuple[Sequence[Family], int]:
        """Go over everything that was counted, with a turn for the requests after each family.

        One at a time: of two that overlap, the later one could have the older counts.
        """
        families: list[Family] = []
        async with self._turn:
            for family in self._metrics.taken():
                families.append(family)
                await asyncio.sleep(0)
            return families, next(self._numbers)

    @asynccontextmanager
    async def kept(self, *, system: System) -> AsyncIterator[None]:
        """Feel the loop's pulse, and keep what is counted for the siblings' scrapes, until the block is left."""
        tasks = [asyncio.create_task(pulse.feel(self._metrics.late, system=system), name="metrics: pulse")]
        with ExitStack() as stack:
            if self._siblings is not None:
                await asyncio.to_thread(stack.enter_context, self._siblings)
                tasks.append(asyncio.create_task(self._keep_on(system), name="metrics: keep"))
            try:
                yield
            finally:
                await _ended(tasks)
                await self._keep()

    async def _keep_on(self, system: System) -> None:
        while True:
            await self._keep()
            await system.sleep(KEEP_EVERY_S)

    async def _keep(self) -> None:
        if self._siblings is None:
            return
        try:
            families, number = await self._taken()
            await asyncio.to_thread(self._siblings.keep, families, number=number)
        except OSError as error:
            _LOG.warning("what this worker has counted cannot be kept: %s", error)


async def _ended(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
