"""Which models there are, what is known of them, what they cost and whether they can be asked now."""

from ultra.inventory.catalogue import Inventory
from ultra.inventory.facts import Facts, read_facts
from ultra.inventory.health import Health
from ultra.inventory.listing import Filter, counts, envelope, etag, is_capability, item
from ultra.inventory.live import LiveList, LiveLists
from ultra.inventory.prices import Prices
from ultra.inventory.sources import Arrangement, Ensemble, ProviderSource, Remark

__all__ = [
    "Arrangement",
    "Ensemble",
    "Facts",
    "Filter",
    "Health",
    "Inventory",
    "LiveList",
    "LiveLists",
    "Prices",
    "ProviderSource",
    "Remark",
    "counts",
    "envelope",
    "etag",
    "is_capability",
    "item",
    "read_facts",
]
