"""What of a configuration that was read again can be put in force in a house that stands."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ultra.config import Loaded
from ultra.gateway.completion import Gateway
from ultra.inventory.catalogue import Inventory
from ultra.inventory.live import LiveLists
from ultra.inventory.sources import Arrangement, Remark
from ultra.services.access import Access, prepare_access
from ultra.services.providers import Workshop


@dataclass(frozen=True, slots=True)
class Replaceable:
    """The parts of a house that can be given something else while they work."""

    workshop: Workshop
    catalogue: Inventory
    live: LiveLists
    gateway: Gateway
    access: Access

    def prepare(self, loaded: Loaded) -> Callable[[], Awaitable[None]]:
        """Build what a configuration that was read again asks for, and return what puts it in force.

        Raises `ConfigurationInvalid` or `ValueError` for what cannot be built.
        """
        sources, arrangement = self.workshop.build(loaded), arrangement_of(loaded)
        put_access_in_force = prepare_access(self.access, loaded.settings)

        def put_in_force() -> Awaitable[None]:
            self.workshop.relist(loaded)
            self.gateway.replace_providers({source.name: source.provider for source in sources})
            unread = self.live.replace_sources(sources)
            self.catalogue.rearrange(arrangement, sources)
            put_access_in_force()
            return self.live.refresh(unread)

        return put_in_force


def arrangement_of(loaded: Loaded) -> Arrangement:
    """Return what the operator arranged in `ultra.toml`."""
    toml = loaded.toml
    return Arrangement(
        aliases=toml.aliases,
        panels=toml.panels,
        remarks={name: Remark(**table.model_dump()) for name, table in toml.models.items()},
        prices=toml.prices_in_force(),
    )
