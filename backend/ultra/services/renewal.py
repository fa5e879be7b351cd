"""What of a configuration that was read again can be put in force in a house that stands."""

from collections.abc import Awaitable, Callable
from typing import Final

from ultra.config import Loaded
from ultra.gateway.completion import Gateway
from ultra.inventory.catalogue import Inventory
from ultra.inventory.live import LiveLists
from ultra.inventory.sources import Arrangement, Remark
from ultra.services.access import Access, prepare_access
from ultra.services.providers import Workshop

REPLACEABLE: Final = frozenset(
    {
        "ULTRA_OPENAI_BASE_URL", "ULTRA_ANTHROPIC_BASE_URL", "ULTRA_GEMINI_BASE_URL", "ULTRA_ANTHROPIC_VERSION",
        "ULTRA_GEMINI_API_VERSION", "ULTRA_CONNECT_TIMEOUT_S", "ULTRA_FIRST_BYTE_TIMEOUT_S", "ULTRA_IDLE_TIMEOUT_S",
        "ULTRA_LIMIT_REQUESTS_PER_MINUTE", "ULTRA_LIMIT_COST_PER_MINUTE", "ULTRA_LIMIT_TOKENS_PER_MINUTE",
        "ULTRA_LIMIT_CONCURRENCY", "ULTRA_LIMIT_ADDRESS_PER_MINUTE", "ULTRA_LIMIT_ANONYMOUS_PER_MINUTE",
        "ULTRA_CONFIG",
    }
)  # fmt: skip
"""Settings that a reload puts in force; `ultra.toml` and all secrets but that of the test header are, too."""


def prepare_renewal(
    loaded: Loaded, *, workshop: Workshop, catalogue: Inventory, live: LiveLists, gateway: Gateway, access: Access
) -> Callable[[], Awaitable[None]]:
    """Build what a configuration that was read again asks for, and return what puts it in force."""
    sources, arrangement = workshop.build(loaded), arrangement_of(loaded)
    put_access_in_force = prepare_access(access, loaded.settings)

    def put_in_force() -> Awaitable[None]:
        workshop.relist(loaded)
        gateway.replace_providers({source.name: source.provider for source in sources})
        unread = live.replace_sources(sources)
        catalogue.rearrange(arrangement, sources)
        put_access_in_force()
        return live.refresh(unread)

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
