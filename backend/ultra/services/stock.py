"""Which models there are and who serves them: providers, lists, prices and health, brought together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from ultra.analysis.quorum import quorum
from ultra.config import Loaded, Settings
from ultra.domain.patterns import Patterns
from ultra.inventory.catalogue import Inventory
from ultra.inventory.facts import read_facts
from ultra.inventory.health import Health
from ultra.inventory.live import LiveLists
from ultra.inventory.prices import Prices
from ultra.inventory.sources import Ensemble, ProviderSource
from ultra.inventory.traffic import Traffic
from ultra.services.arrangements import arrangement_of
from ultra.services.providers import Workshop, open_workshop
from ultra.services.running import running
from ultra.system import System


@dataclass(frozen=True, slots=True)
class Stock:
    """What can be asked, and how it is."""

    workshop: Workshop
    sources: Sequence[ProviderSource]
    health: Health
    traffic: Traffic
    live: LiveLists
    catalogue: Inventory


@asynccontextmanager
async def open_stock(loaded: Loaded, patterns: Patterns, *, system: System, serves: bool) -> AsyncIterator[Stock]:
    """Open the providers; a house that serves reads their lists of models again and again."""
    async with AsyncExitStack() as stack:
        workshop = await stack.enter_async_context(open_workshop(loaded, system=system, serves=serves))
        sources = workshop.build(loaded)
        health, traffic, prices = Health(system=system), Traffic(), Prices(system=system)
        live = LiveLists(
            sources=sources, system=system, refresh_s=loaded.settings.inventory_refresh_s, on_start=prices.warm
        )
        catalogue = Inventory(
            sources=sources,
            facts=read_facts(),
            health=health,
            live=live,
            prices=prices,
            system=system,
            arrangement=arrangement_of(loaded),
            ensembles=_ensembles(patterns, loaded.settings),
        )
        if serves:
            await stack.enter_async_context(running(live.run()))
        yield Stock(workshop, sources, health, traffic, live, catalogue)


def _ensembles(patterns: Patterns, settings: Settings) -> Sequence[Ensemble]:
    sizes = {lens.name: max(settings.run_panel_size, lens.minimum_panel) for lens in patterns.all()}
    return [
        Ensemble(pattern=name, display_name=f"Ultra {name}", members=size, quorum=quorum(size))
        for name, size in sizes.items()
    ]
