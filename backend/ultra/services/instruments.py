"""What watches this server: metrics, traces, and whoever else hears what happens."""

import platform
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ultra import __version__
from ultra.auth.witness import Witness
from ultra.config import Settings
from ultra.domain.ports import Executor, Observer, Provider
from ultra.domain.tracing import Tracing
from ultra.inventory.sources import ProviderSource
from ultra.services.stock import Stock
from ultra.services.tracing import open_tracing
from ultra.store.alerts import StoredAlertBook
from ultra.store.database import Database
from ultra.store.ledger import StoredLedger
from ultra.system import System
from ultra.telemetry import declarations as d
from ultra.telemetry.alerts import Bell, Channels, Rules
from ultra.telemetry.metrics import Metrics
from ultra.telemetry.observers import Observers
from ultra.telemetry.scrapes import Scrapes


@dataclass(frozen=True, slots=True)
class Instruments:
    """Tell `observer` what happens, and everybody who should hears of it. `tracing` is None where nobody traces."""

    observer: Observer
    metrics: Metrics
    scrapes: Scrapes
    tracing: Tracing | None

    def providers(self, sources: Sequence[ProviderSource]) -> Mapping[str, Provider]:
        """Return the providers by their names, traced where somebody traces."""
        found = {source.name: source.provider for source in sources}
        return found if self.tracing is None else {name: self.tracing.provider(it) for name, it in found.items()}


@asynccontextmanager
async def open_instruments(
    settings: Settings,
    stock: Stock,
    database: Database,
    siblings: Path | None,
    worker: str,
    *,
    system: System,
    serves: bool,
) -> AsyncIterator[Instruments]:
    """Set the instruments up; `siblings` is the folder that workers share, `worker` this one's name."""
    about = {"version": __version__, "python": platform.python_version(), "environment": settings.environment}
    metrics = Metrics(lists=stock.catalogue.lists, about=about)
    scrapes = Scrapes(metrics, folder=siblings, name=worker)
    hear: list[Observer] = [stock.health, stock.traffic, metrics]
    async with open_tracing(settings, system=system) as tracing:
        if not serves:
            yield Instruments(Observers(hear), metrics, scrapes, tracing)
            return
        async with _bell(settings, database, worker, system) as bell, scrapes.kept(system=system):
            metrics.watch(d.ALERTS_LOST, lambda: bell.lost)
            yield Instruments(Observers([*hear, bell]), metrics, scrapes, tracing)


def _bell(settings: Settings, database: Database, worker: str, system: System) -> Bell:
    """Only a server tells an operator; a command's trouble is its caller's."""
    return Bell(
        rules=Rules(system=system),
        book=StoredAlertBook(database=database),
        channels=Channels(read=settings.alert_urls.reveal),
        system=system,
        holder=worker,
        environment=settings.environment,
    )


def watch_records(metrics: Metrics, *, ledger: StoredLedger, witness: Witness) -> None:
    """Have the metrics read how much waits to be written, and how much was lost."""
    metrics.watch(d.LEDGER_WAITING, lambda: ledger.waiting)
    metrics.watch(d.LEDGER_LOST, lambda: ledger.lost)
    metrics.watch(d.AUDIT_LOST, lambda: witness.lost)


def watch_runs(metrics: Metrics, executor: Executor) -> None:
    """Have the metrics read how many runs wait and are under way."""
    metrics.watch(d.RUNS_WAITING, lambda: executor.load.waiting)
    metrics.watch(d.RUNS_RUNNING, lambda: executor.load.running)
