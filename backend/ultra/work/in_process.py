"""Runs are conducted by the process that took them, and by the next one if that dies.

Nothing here decides who owns a run: the lease in the store does. This executor claims runs, renews their leases while
they are conducted, and looks for runs whose lease nobody renews any more. Each claim has a lease name of its own, so
that a conduct that was given up on cannot write under a later claim of the same process.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Literal, Self, TypeAlias

from ultra.domain.analysis import Run
from ultra.domain.errors import UltraError, Unavailable
from ultra.domain.ports import Conduct, LeaseLost, Load, Observer, Runs
from ultra.system import System
from ultra.work.ending import CANCELLED, INTERNAL, INTERRUPTED, Ending
from ultra.work.fair_queue import FairQueue

_LOG = logging.getLogger(__name__)

UNBEGUN_S = 600.0
"""A run that may not be resumed and that nobody began for so long has lost its process."""

STUBBORN_S = 10.0
"""How long a cancelled conduct may take to let go at shutdown."""


_Stop: TypeAlias = Literal["cancel", "lost", "shutdown"]


@dataclass(slots=True)
class _Work:
    run: Run
    lease: str
    renewed_at: float
    conduct: asyncio.Future[None]
    carry: asyncio.Task[None] | None = None
    stop: _Stop | None = None

    def end(self, why: _Stop) -> None:
        """Ask the conduct to let go; the first reason counts."""
        if self.stop is None:
            self.stop = why
            self.conduct.cancel()


class InProcessExecutor:
    """Keeps `ports.Executor` within this process; open it with `async with`.

    At most `concurrency` runs at once; the others wait, owners taking turns. A lease lasts `lease_s` seconds and is
    renewed three times in that span, so a killed process's runs are found again after `lease_s`. Every `poll_s`
    seconds it looks for runs to resume and for cancellations asked for elsewhere. Leaving takes no new work, gives runs
    `grace_s` seconds to end, then stops them and hands their leases back. One that does not adopt works on what it
    was given and leaves what others left to others.
    """

    def __init__(
        self,
        *,
        runs: Runs,
        conduct: Conduct,
        observer: Observer,
        system: System,
        worker: str,
        lease_s: float = 30.0,
        concurrency: int = 256,
        poll_s: float = 1.0,
        grace_s: float = 10.0,
        adopts: bool = True,
    ) -> None:
        self._runs = runs
        self._conduct = conduct
        self._observer = observer
        self._system = system
        self._worker = worker
        self._lease_s = lease_s
        self._concurrency = concurrency
        self._poll_s = poll_s
        self._grace_s = grace_s
        self._adopts = adopts
        self._queue = FairQueue()
        self._works: dict[str, _Work] = {}
        self._news = asyncio.Event()
        self._leaving = False
        self._stop_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._search_at = self._sweep_at = 0.0
        self._lost = 0

    async def __aenter__(self) -> Self:
        """Begin to take work, first of all what an earlier process left."""
        self._search_at = self._sweep_at = self._system.monotonic()
        self._tasks = [
            asyncio.create_task(self._take_work(), name="executor: take work"),
            asyncio.create_task(self._keep_leases(), name="executor: keep leases"),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Take nothing new, let runs end, then hand back those that have not."""
        self.leave()
        taker, keeper = self._tasks
        await asyncio.wait((taker,), timeout=STUBBORN_S)
        await self._all_ended(patience=max(self._stop_at - self._system.monotonic(), 0.0))
        for work in self._works.values():
            work.end("shutdown")
        await self._all_ended(patience=STUBBORN_S)
        await self._interrupt_queued()
        for task in (taker, keeper):
            task.cancel()
        await asyncio.gather(taker, keeper, return_exceptions=True)
        if self._works:
            _LOG.error("Runs that do not let go are left to their leases: %s", ", ".join(self._works))

    def leave(self) -> None:
        """Take nothing new from now on; the grace of what is under way begins. Only the first time counts."""
        if not self._leaving:
            self._leaving = True
            self._stop_at = self._system.monotonic() + self._grace_s
            self._news.set()

    @property
    def is_leaving(self) -> bool:
        """Whether it takes nothing new any more."""
        return self._leaving

    @property
    def load(self) -> Load:
        """How much there is to do here now."""
        late = self._system.monotonic() - self._lease_s
        return Load(
            running=len(self._works),
            waiting=len(self._queue),
            overdue=sum(work.renewed_at < late for work in self._works.values()),
            lost=self._lost,
            is_working=self._leaving or not any(task.done() for task in self._tasks),
        )

    @property
    def working_on(self) -> tuple[str, ...]:
        """The runs conducted here now."""
        return tuple(self._works)

    async def submit(self, run: Run) -> None:
        """Keep the run and have it conducted soon; raises `Unavailable` while shutting down."""
        if self._leaving:
            raise Unavailable("Ultra is shutting down.", code="shutting_down", retry_after=1.0)
        await self._runs.create(run)
        self._queue.put(run.owner, run.id)
        self._news.set()

    async def cancel(self, run_id: str, *, owner: str) -> bool:
        """Stop a run wherever it is conducted; False when it does not exist or has ended."""
        if not await self._runs.request_cancel(run_id, owner=owner):
            return False
        if run_id in self._works:
            self._works[run_id].end("cancel")
        else:
            self._queue.remove(run_id)
            await self._end_unbegun(run_id, CANCELLED)
        return True

    # --- taking ---------------------------------------------------------------------------------------------------

    async def _take_work(self) -> None:
        while not self._leaving:
            self._news.clear()
            try:
                await self._take_queued()
                await self._take_abandoned()
                await self._sweep()
            except UltraError as error:
                _LOG.warning("No work can be taken: %s", error.message)
            await self._news_or_pause()

    async def _take_queued(self) -> None:
        while self._has_room and self._queue:
            owner, run_id = self._queue.pop()
            try:
                await self._take(run_id)
            except UltraError:
                self._queue.put_back(owner, run_id)
                raise

    async def _take_abandoned(self) -> None:
        if not self._adopts or self._system.monotonic() < self._search_at or self._queue:
            return
        self._search_at = self._system.monotonic() + self._poll_s
        while self._has_room and await self._take(None):
            pass

    @property
    def _has_room(self) -> bool:
        return not self._leaving and len(self._works) < self._concurrency

    async def _take(self, run_id: str | None) -> bool:
        """Claim a run and conduct it; False when somebody else has it or nothing is left."""
        lease = self._lease_name()
        run = await self._runs.claim(run_id, worker=lease, until=self._until())
        if run is None:
            return False
        conduct = asyncio.ensure_future(self._conduct(run, lease))
        work = _Work(run=run, lease=lease, renewed_at=self._system.monotonic(), conduct=conduct)
        self._works[run.id] = work
        work.carry = asyncio.create_task(self._carry(work), name=f"run {run.id}")
        return True

    async def _sweep(self) -> None:
        if not self._adopts or self._system.monotonic() < self._sweep_at:
            return
        self._sweep_at = self._system.monotonic() + self._lease_s
        for run_id in await self._runs.sweep(queued_before=self._system.now() - timedelta(seconds=UNBEGUN_S)):
            _LOG.warning("Run %s was interrupted and may not be resumed.", run_id)
            run = await self._runs.get(run_id, owner=None)
            if run is not None:
                self._observer.notice(INTERRUPTED.observed(run, self._system.now()))

    async def _news_or_pause(self) -> None:
        news = asyncio.ensure_future(self._news.wait())
        pause = asyncio.ensure_future(self._system.sleep(self._poll_s))
        try:
            await asyncio.wait((news, pause), return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
            pause.cancel()

    # --- carrying -------------------------------------------------------------------------------------------------

    async def _carry(self, work: _Work) -> None:
        """Wait for the conduct, which alone is ever cancelled, and see to it that the run ends or is handed on."""
        try:
            await asyncio.wait((work.conduct,))
            await self._conclude(work, _judge(work))
        except UltraError as error:
            _LOG.warning("The end of run %s cannot be written: %s", work.run.id, error.message)
        finally:
            work.conduct.cancel()
            self._works.pop(work.run.id, None)
            self._news.set()

    async def _conclude(self, work: _Work, ending: Ending | None) -> None:
        """End the run if its conduct did not, or hand it on."""
        run_id, resumable = work.run.id, work.run.options.resumable
        match work.stop:
            case "lost":
                self._lost += 1
                _LOG.info("Run %s is conducted by another worker now.", run_id)
                return
            case "shutdown" if resumable:
                await self._runs.release(run_id, worker=work.lease)
                return
            case "shutdown":
                ending = INTERRUPTED
            case "cancel":
                ending = CANCELLED
        if ending is None and await self._runs.renew(run_id, worker=work.lease, until=self._until()):
            _LOG.error("The conduct of run %s returned without ending it.", run_id)
            ending = INTERNAL
        if ending is not None:
            await self._end(work.run, work.lease, ending)

    async def _end(self, run: Run, lease: str, ending: Ending) -> None:
        with suppress(LeaseLost):  # its conduct has ended it in time, or another worker has it
            await self._runs.finish(
                run.id,
                worker=lease,
                status=ending.status,
                verdict=None,
                cost_usd=None,
                error_kind=ending.error_kind,
                error=ending.error,
                event=ending.event,
            )
            self._observer.notice(ending.observed(run, self._system.now()))

    async def _end_unbegun(self, run_id: str, ending: Ending) -> None:
        lease = self._lease_name()
        run = await self._runs.claim(run_id, worker=lease, until=self._until())
        if run is not None:
            await self._end(run, lease, ending)

    async def _interrupt_queued(self) -> None:
        """End what waits here and may not be resumed; the rest waits in the store for another process."""
        try:
            while self._queue:
                _, run_id = self._queue.pop()
                run = await self._runs.get(run_id, owner=None)
                if run is not None and not run.options.resumable:
                    await self._end_unbegun(run_id, INTERRUPTED)
        except UltraError as error:
            _LOG.warning("Runs that wait cannot be ended: %s", error.message)

    async def _all_ended(self, *, patience: float) -> None:
        tasks = [work.carry for work in self._works.values() if work.carry is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=patience)

    # --- keeping --------------------------------------------------------------------------------------------------

    async def _keep_leases(self) -> None:
        while True:
            for work in tuple(self._works.values()):
                try:
                    await self._keep(work)
                except UltraError as error:
                    _LOG.warning("The lease of run %s cannot be renewed: %s", work.run.id, error.message)
            await self._system.sleep(min(self._poll_s, self._lease_s / 3))

    async def _keep(self, work: _Work) -> None:
        now = self._system.monotonic()
        if now - work.renewed_at >= self._lease_s / 3:
            if not await self._runs.renew(work.run.id, worker=work.lease, until=self._until()):
                work.end("lost")
            work.renewed_at = now
        if await self._runs.is_cancelled(work.run.id):
            work.end("cancel")

    def _lease_name(self) -> str:
        return f"{self._worker}/{self._system.new_id('lease')}"

    def _until(self) -> datetime:
        return self._system.now() + timedelta(seconds=self._lease_s)


def _judge(work: _Work) -> Ending | None:
    """Say how a run ends whose conduct raised; None when it did not, or when it is to be resumed."""
    if work.conduct.cancelled():
        return None if work.stop else INTERNAL
    error = work.conduct.exception()
    if error is None:
        return None
    if isinstance(error, LeaseLost):
        work.stop = work.stop or "lost"
        return None
    if _is_about_the_store(error):
        _LOG.warning("Run %s stops, because its record cannot be kept: %s", work.run.id, error)
        work.stop = work.stop or "lost"
        return None
    _LOG.error("Run %s failed unexpectedly.", work.run.id, exc_info=error)
    return INTERNAL


def _is_about_the_store(error: BaseException | None) -> bool:
    """Look through what a conduct raised for a store that could not be reached or was busy."""
    while error is not None:
        if isinstance(error, Unavailable) and error.code.startswith("store_"):
            return True
        error = error.__cause__
    return False
