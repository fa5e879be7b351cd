"""Where runs are kept, who works on them, and who counts them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ultra.analysis import AnalysisPolicy, Analyst, known_flows
from ultra.config import Settings
from ultra.domain.limits import RunPlaces
from ultra.domain.patterns import Patterns
from ultra.domain.ports import Completions, Executor, Journal, Runs
from ultra.services.access import Access
from ultra.services.allowances import Allowances
from ultra.services.instruments import Instruments, watch_runs
from ultra.services.run_places import HeldPlaces
from ultra.services.stock import Stock
from ultra.system import System
from ultra.work.in_process import InProcessExecutor


@dataclass(frozen=True, slots=True)
class Bench:
    """Where runs are kept and who works on them: one on disk, one in memory for runs that must leave no trace."""

    runs: Runs
    journal: Journal
    executor: Executor
    places: RunPlaces


@dataclass(frozen=True, slots=True)
class Given:
    """What every bench is given."""

    settings: Settings
    completions: Completions
    stock: Stock
    patterns: Patterns
    access: Access
    instruments: Instruments
    system: System


@asynccontextmanager
async def open_bench(
    given: Given,
    runs: Runs,
    journal: Journal,
    *,
    worker: str,
    serves: bool,
) -> AsyncIterator[Bench]:
    """Set up who works on the runs kept in `runs`; one that `serves` adopts what dead processes left there."""
    settings, system, access, instruments = given.settings, given.system, given.access, given.instruments
    tracing = instruments.tracing
    analyst = Analyst(
        completions=given.completions,
        catalogue=given.stock.catalogue,
        patterns=given.patterns,
        flows=known_flows(),
        runs=runs,
        journal=journal if tracing is None else tracing.journal(journal),
        observer=instruments.observer,
        system=system,
        policy=AnalysisPolicy(),
    )
    conduct = analyst.conduct if tracing is None else tracing.conduct(analyst.conduct, runs=runs)
    places = HeldPlaces(
        limiter=access.limiter,
        policy=access.limits,
        allowances=Allowances(users=access.stores.users, keys=access.stores.keys, system=system),
        runs=runs,
        system=system,
    )
    executor = InProcessExecutor(
        runs=runs,
        conduct=places.conducting(conduct),
        observer=instruments.observer,
        system=system,
        worker=worker,
        concurrency=settings.run_concurrency,
        lease_s=settings.run_lease_s,
        grace_s=settings.shutdown_grace_s,
        adopts=serves,
    )
    watch_runs(instruments.metrics, executor)
    async with places, executor:
        yield Bench(runs=runs, journal=journal, executor=executor, places=places)
