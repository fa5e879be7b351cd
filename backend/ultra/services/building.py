"""Builds the house: every part gets what it needs, and nothing it does not."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import ultra.patterns as lenses
from ultra.analysis import AnalysisPolicy, FirstRounds, Flow, known_flows
from ultra.config import Loaded, Settings, live_keys
from ultra.domain.limits import Means
from ultra.domain.patterns import Patterns
from ultra.domain.ports import Completions, Journal, Ledger, Observer, Runs
from ultra.gateway.budgeting import Budgeted
from ultra.gateway.completion import Gateway
from ultra.gateway.policy import Policy
from ultra.gateway.rationing import Rationed
from ultra.inventory.catalogue import Inventory
from ultra.services.access import Access, open_access
from ultra.services.allowances import Allowances
from ultra.services.bench import Bench, Given, open_bench
from ultra.services.housekeeping import Housekeeping, longest_call, retention_of
from ultra.services.instruments import Instruments, open_instruments, watch_records
from ultra.services.means import RunMeans
from ultra.services.presence import Presence
from ultra.services.providers import presets
from ultra.services.purses import AccountPurses, AccountRations
from ultra.services.reloading import Reloading
from ultra.services.renewal import Replaceable
from ultra.services.running import running
from ultra.services.stock import Stock, open_stock
from ultra.services.vitals import Vitals
from ultra.store import migrating, stamp
from ultra.store.budgets import StoredBudgets
from ultra.store.database import Database, open_database
from ultra.store.journal import StoredJournal
from ultra.store.ledger import StoredLedger
from ultra.store.memory import JournalInMemory, RunsInMemory
from ultra.store.runs import StoredRuns
from ultra.system import System


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
    means: Means
    patterns: Patterns
    flows: Mapping[str, type[Flow]]
    kept: Bench
    fleeting: Bench
    access: Access
    instruments: Instruments
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
async def build(
    loaded: Loaded, *, system: System, serves: bool, siblings: Path | None = None
) -> AsyncIterator[Services]:
    """Build the house and take it down on leaving, last built first. `siblings` is the folder that workers share.

    A house that `serves` keeps the model lists fresh and adopts runs that a dead process left; one that does not is a
    command's, and minds its own business. Raises `UltraError` or `PatternInvalid` when a part cannot be opened.
    """
    settings = loaded.settings
    patterns = lenses.load(folders=[settings.lens_dir] if settings.lens_dir else [], flows=known_flows())
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        database = await enter(_database(settings, system))
        ledger = await enter(_ledger(settings, database, system))
        stock = await enter(open_stock(loaded, patterns, system=system, serves=serves))
        worker = system.new_id("worker")
        instruments = await enter(
            open_instruments(settings, stock, database, siblings, worker, system=system, serves=serves)
        )
        observer = instruments.observer
        access = await enter(_access(loaded, database, ledger, observer, system))
        if serves:
            await enter(running(_housekeeping(settings, database, access, system).run()))
        gateway = _gateway(settings, stock, instruments, ledger=ledger, system=system)
        completions, means = _bounded(gateway, settings, access, stock, patterns, instruments, ledger, system)
        given = Given(settings, completions, stock, patterns, access, instruments, system)
        bench = partial(open_bench, given, worker=worker, serves=serves)
        parts = Replaceable(stock, gateway, access, instruments)
        watch_records(instruments.metrics, ledger=ledger, witness=access.witness)
        yield Services(
            settings=settings,
            system=system,
            database=database,
            catalogue=stock.catalogue,
            refresh_models=stock.live.refresh,
            completions=completions,
            means=means,
            patterns=patterns,
            flows=known_flows(),
            kept=await enter(bench(*_on_disk(database, system))),
            fleeting=await enter(bench(*_in_memory(access, system))),
            access=access,
            instruments=instruments,
            reloading=Reloading(loaded=loaded, prepare=parts.prepare, audit=access.witness, system=system),
            vitals=_vitals(stock, observer, ledger, worker=worker, system=system),
        )


def _access(
    loaded: Loaded, database: Database, ledger: StoredLedger, observer: Observer, system: System
) -> AbstractAsyncContextManager[Access]:
    live = [key.name for key in live_keys(loaded, presets())]
    return open_access(
        loaded.settings, database=database, ledger=ledger, observer=observer, live_keys=live, system=system
    )


def _on_disk(database: Database, system: System) -> tuple[Runs, Journal]:
    """Return where runs are kept that are to be found again."""
    return StoredRuns(database=database, system=system), StoredJournal(database=database, system=system)


def _in_memory(access: Access, system: System) -> tuple[Runs, Journal]:
    """Return where runs are kept that must leave no trace."""
    runs = RunsInMemory(audit=access.stores.audit, system=system)
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


def _vitals(stock: Stock, observer: Observer, ledger: StoredLedger, *, worker: str, system: System) -> Vitals:
    return Vitals(
        worker=worker,
        started_at=system.now(),
        began=system.monotonic(),
        observer=observer,
        traffic=stock.traffic,
        live=stock.live,
        ledger=ledger,
    )


def _housekeeping(settings: Settings, database: Database, access: Access, system: System) -> Housekeeping:
    return Housekeeping(
        database=database,
        budgets=access.stores.budgets,
        retention=retention_of(settings.retention_days),
        longest_call=longest_call(settings),
        system=system,
    )


def _gateway(settings: Settings, stock: Stock, instruments: Instruments, *, ledger: Ledger, system: System) -> Gateway:
    return Gateway(
        providers=instruments.providers(stock.sources),
        catalogue=stock.catalogue,
        ledger=ledger,
        observer=instruments.observer,
        system=system,
        policy=_policy(settings),
    )


def _bounded(
    gateway: Gateway,
    settings: Settings,
    access: Access,
    stock: Stock,
    patterns: Patterns,
    instruments: Instruments,
    ledger: StoredLedger,
    system: System,
) -> tuple[Completions, Means]:
    """Put the skins of tokens and money around the gateway; whatever asks a model asks through both.

    Returns it with who says beforehand whether a run can be paid.
    """
    allowances = Allowances(users=access.stores.users, keys=access.stores.keys, system=system)
    budgeted = Budgeted(
        gateway,
        budgets=access.stores.budgets,
        purses=AccountPurses(allowances=allowances),
        catalogue=stock.catalogue,
        observer=instruments.observer,
        system=system,
        policy=_policy(settings),
        owner=ledger.name,
    )
    rations = AccountRations(allowances=allowances, policy=access.limits)
    rationed = Rationed(budgeted, rations=rations, limiter=access.limiter)
    first_rounds = FirstRounds(
        catalogue=stock.catalogue, patterns=patterns, flows=known_flows(), system=system, policy=AnalysisPolicy()
    )
    means = RunMeans(first_rounds=first_rounds, budgeted=budgeted, system=system)
    return rationed if instruments.tracing is None else instruments.tracing.completions(rationed), means


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


def _policy(settings: Settings) -> Policy:
    return Policy(
        max_attempts=settings.retry_attempts,
        backoff_base_s=settings.retry_base_s,
        backoff_cap_s=settings.retry_max_s,
        breaker_failures=settings.breaker_failures,
        open_base_s=settings.breaker_open_s,
    )
