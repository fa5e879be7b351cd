"""Builds the house: every part gets what it needs, and nothing it does not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import ultra.patterns as lenses
from ultra.analysis import AnalysisPolicy, Analyst, Flow, known_flows
from ultra.analysis.quorum import quorum
from ultra.config import Loaded, Settings
from ultra.domain.patterns import Patterns
from ultra.domain.ports import Completions, Executor, Journal, Ledger, Observer, Runs
from ultra.gateway.budgeting import Budgeted
from ultra.gateway.completion import Gateway
from ultra.gateway.policy import Policy
from ultra.gateway.rationing import Rationed
from ultra.inventory.catalogue import Inventory
from ultra.inventory.facts import read_facts
from ultra.inventory.health import Health
from ultra.inventory.live import LiveLists
from ultra.inventory.prices import Prices
from ultra.inventory.sources import Ensemble, ProviderSource
from ultra.inventory.traffic import Traffic
from ultra.services.access import Access, open_access
from ultra.services.allowances import Allowances
from ultra.services.housekeeping import Housekeeping, longest_call, retention_of
from ultra.services.presence import Presence
from ultra.services.providers import open_workshop
from ultra.services.purses import AccountPurses, AccountRations
from ultra.services.reloading import Reloading
from ultra.services.renewal import Replaceable, arrangement_of
from ultra.services.vitals import Vitals
from ultra.store import migrating, stamp
from ultra.store.budgets import StoredBudgets
from ultra.store.database import Database, open_database
from ultra.store.journal import StoredJournal
from ultra.store.ledger import StoredLedger
from ultra.store.memory import JournalInMemory, RunsInMemory
from ultra.store.runs import StoredRuns
from ultra.system import System
from ultra.telemetry.observers import Observers
from ultra.work.in_process import InProcessExecutor


@dataclass(frozen=True, slots=True)
class Bench:
    """Where runs are kept and who works on them: one on disk, one in memory for runs that must leave no trace."""

    runs: Runs
    journal: Journal
    executor: Executor


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that desks and entrances use, built once per process."""

    settings: Settings
    system: System
    database: Database
    catalogue: Inventory
    refresh_models: Callable[[], Awaitable[None]]
    """Read the providers' live lists now; a server does so by itself, a command when it needs them."""
    completions: Completions
    patterns: Patterns
    flows: Mapping[str, type[Flow]]
    kept: Bench
    fleeting: Bench
    access: Access
    reloading: Reloading
    vitals: Vitals
    presence: Presence = field(default_factory=Presence)

    @property
    def is_leaving(self) -> bool:
        """Whether it has been told to leave: nobody should send more."""
        return self.presence.is_leaving

    def leave(self) -> None:
        """Begin to shut down: no new work is taken, and what is under way has its grace from now on."""
        self.presence.is_leaving = self.presence.is_closed = True
        for bench in (self.kept, self.fleeting):
            bench.executor.leave()


@asynccontextmanager
async def build(loaded: Loaded, *, system: System, serves: bool) -> AsyncIterator[Services]:
    """Build the house and take it down on leaving, last built first.

    A house that `serves` keeps the model lists fresh and adopts runs that a dead process left; one that does not is a
    command's, and minds its own business. Raises `UltraError` or `PatternInvalid` when a part cannot be opened.
    """
    settings = loaded.settings
    patterns = lenses.load(folders=[settings.lens_dir] if settings.lens_dir else [], flows=known_flows())
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        database = await enter(_database(settings, system))
        ledger = await enter(_ledger(settings, database, system))
        access = await enter(open_access(settings, database=database, ledger=ledger, system=system))
        workshop = await enter(open_workshop(loaded, system=system, serves=serves))
        sources = workshop.build(loaded)
        health, traffic, prices = Health(system=system), Traffic(), Prices(system=system)
        observer = Observers([health, traffic])
        live = LiveLists(sources=sources, system=system, refresh_s=settings.inventory_refresh_s, on_start=prices.warm)
        catalogue = _inventory(loaded, patterns, sources, health=health, live=live, prices=prices, system=system)
        for work in (_housekeeping(settings, database, access, system).run, live.run) if serves else ():
            await enter(_running(work()))
        gateway = _gateway(settings, sources, catalogue=catalogue, ledger=ledger, observer=observer, system=system)
        completions = _bounded(gateway, settings, access, catalogue=catalogue, system=system, owner=ledger.name)
        worker = system.new_id("worker")
        bench = partial(
            _bench, settings, system, worker, gateway=completions, catalogue=catalogue, patterns=patterns, serves=serves
        )
        stored = StoredRuns(database=database, system=system), StoredJournal(database=database, system=system)
        passing = _in_memory(system)
        parts = Replaceable(workshop, catalogue, live, gateway, access)
        yield Services(
            settings=settings,
            system=system,
            database=database,
            catalogue=catalogue,
            refresh_models=live.refresh,
            completions=completions,
            patterns=patterns,
            flows=known_flows(),
            kept=await enter(bench(*stored)),
            fleeting=await enter(bench(*passing)),
            access=access,
            reloading=Reloading(loaded=loaded, prepare=parts.prepare, system=system),
            vitals=Vitals(worker, system.now(), system.monotonic(), observer, traffic, live, ledger),
        )


def _in_memory(system: System) -> tuple[Runs, Journal]:
    """Return where runs are kept that must leave no trace."""
    runs = RunsInMemory(system=system)
    return runs, JournalInMemory(runs=runs, system=system)


@asynccontextmanager
async def _ledger(settings: Settings, database: Database, system: System) -> AsyncIterator[StoredLedger]:
    """Open the ledger; what processes that died had written down, or set aside, is taken up first."""
    folder = settings.data_dir / "spool" / database.mark
    async with StoredLedger(database=database, system=system, folder=folder) as ledger:
        budgets = StoredBudgets(database=database, system=system)
        for owner in ledger.gone:
            await budgets.give_up_of(owner)
        yield ledger


def _housekeeping(settings: Settings, database: Database, access: Access, system: System) -> Housekeeping:
    return Housekeeping(
        database=database,
        budgets=access.stores.budgets,
        retention=retention_of(settings.retention_days),
        longest_call=longest_call(settings),
        system=system,
    )


def _inventory(
    loaded: Loaded,
    patterns: Patterns,
    sources: Sequence[ProviderSource],
    *,
    health: Health,
    live: LiveLists,
    prices: Prices,
    system: System,
) -> Inventory:
    return Inventory(
        sources=sources,
        facts=read_facts(),
        health=health,
        live=live,
        prices=prices,
        system=system,
        arrangement=arrangement_of(loaded),
        ensembles=_ensembles(patterns, loaded.settings),
    )


def _gateway(
    settings: Settings,
    sources: Sequence[ProviderSource],
    *,
    catalogue: Inventory,
    ledger: Ledger,
    observer: Observer,
    system: System,
) -> Gateway:
    return Gateway(
        providers={source.name: source.provider for source in sources},
        catalogue=catalogue,
        ledger=ledger,
        observer=observer,
        system=system,
        policy=_policy(settings),
    )


def _bounded(
    gateway: Gateway, settings: Settings, access: Access, *, catalogue: Inventory, system: System, owner: str
) -> Completions:
    """Put the skins of tokens and money around the gateway; whatever asks a model asks through both."""
    stores = access.stores
    allowances = Allowances(users=stores.users, keys=stores.keys, system=system)
    budgeted = Budgeted(
        gateway,
        budgets=stores.budgets,
        purses=AccountPurses(allowances=allowances),
        catalogue=catalogue,
        system=system,
        policy=_policy(settings),
        owner=owner,
    )
    rations = AccountRations(allowances=allowances, policy=access.limits)
    return Rationed(budgeted, rations=rations, limiter=access.limiter)


def make_folders(settings: Settings) -> None:
    """Make the data folder, and inside it that of a SQLite file; any other folder is its owner's to make."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    scheme, _, path = settings.database_url.reveal().partition(":///")
    folder = Path(path).parent
    if scheme.startswith("sqlite") and folder.is_relative_to(settings.data_dir):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@asynccontextmanager
async def _database(settings: Settings, system: System) -> AsyncIterator[Database]:
    """Open the database at its newest revision; it belongs to one environment for ever."""
    make_folders(settings)
    async with open_database(url=settings.database_url.reveal(), system=system) as database:
        await migrating.make_ready(database, upgrades=settings.auto_migrate)
        await stamp.claim_stamp(database, environment=settings.environment)
        yield database


@asynccontextmanager
async def _bench(
    settings: Settings,
    system: System,
    worker: str,
    runs: Runs,
    journal: Journal,
    *,
    gateway: Completions,
    catalogue: Inventory,
    patterns: Patterns,
    serves: bool,
) -> AsyncIterator[Bench]:
    analyst = Analyst(
        completions=gateway,
        catalogue=catalogue,
        patterns=patterns,
        flows=known_flows(),
        runs=runs,
        journal=journal,
        system=system,
        policy=AnalysisPolicy(),
    )
    executor = InProcessExecutor(
        runs=runs,
        conduct=analyst.conduct,
        system=system,
        worker=worker,
        concurrency=settings.run_concurrency,
        lease_s=settings.run_lease_s,
        grace_s=settings.shutdown_grace_s,
        adopts=serves,
    )
    async with executor:
        yield Bench(runs=runs, journal=journal, executor=executor)


@asynccontextmanager
async def _running(work: Awaitable[None]) -> AsyncIterator[None]:
    """Keep a task going beside everything else, and end it on leaving."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _ensembles(patterns: Patterns, settings: Settings) -> Sequence[Ensemble]:
    sizes = {lens.name: max(settings.run_panel_size, lens.minimum_panel) for lens in patterns.all()}
    return [
        Ensemble(pattern=name, display_name=f"Ultra {name}", members=size, quorum=quorum(size))
        for name, size in sizes.items()
    ]


def _policy(settings: Settings) -> Policy:
    return Policy(
        max_attempts=settings.retry_attempts,
        backoff_base_s=settings.retry_base_s,
        backoff_cap_s=settings.retry_max_s,
        breaker_failures=settings.breaker_failures,
        open_base_s=settings.breaker_open_s,
    )
