"""What of a configuration that was read again can be put in force in a house that stands."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ultra.config import Loaded
from ultra.gateway.completion import Gateway
from ultra.services.access import Access, prepare_access
from ultra.services.arrangements import arrangement_of
from ultra.services.instruments import Instruments
from ultra.services.stock import Stock


@dataclass(frozen=True, slots=True)
class Replaceable:
    """The parts of a house that can be given something else while they work."""

    stock: Stock
    gateway: Gateway
    access: Access
    instruments: Instruments

    def prepare(self, loaded: Loaded) -> Callable[[], Awaitable[None]]:
        """Build what a configuration that was read again asks for, and return what puts it in force.

        Raises `ConfigurationInvalid` or `ValueError` for what cannot be built.
        """
        stock = self.stock
        sources, arrangement = stock.workshop.build(loaded), arrangement_of(loaded)
        put_access_in_force = prepare_access(self.access, loaded.settings)

        def put_in_force() -> Awaitable[None]:
            stock.workshop.relist(loaded)
            self.gateway.replace_providers(self.instruments.providers(sources))
            unread = stock.live.replace_sources(sources)
            stock.catalogue.rearrange(arrangement, sources)
            put_access_in_force()
            return stock.live.refresh(unread)

        return put_in_force
