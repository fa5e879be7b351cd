"""What the operator arranged in `ultra.toml`, as the inventory takes it."""

from ultra.config import Loaded
from ultra.inventory.sources import Arrangement, Remark


def arrangement_of(loaded: Loaded) -> Arrangement:
    """Return what the operator arranged in `ultra.toml`."""
    toml = loaded.toml
    return Arrangement(
        aliases=toml.aliases,
        panels=toml.panels,
        remarks={name: Remark(**table.model_dump()) for name, table in toml.models.items()},
        prices=toml.prices_in_force(),
    )
