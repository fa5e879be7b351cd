"""Which keys open a real provider's door, wherever their provider is asked just now."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from ultra.config.addresses import is_loopback
from ultra.config.load import Loaded
from ultra.config.secret import SecretRef
from ultra.config.toml_file import Presets
from ultra.config.vendors import vendors


def live_keys(loaded: Loaded, presets: Presets | None) -> tuple[SecretRef, ...]:
    """Return the keys of providers that are set and spend money.

    A key counts where mock servers stand in for its provider, too: it is at hand, and one setting away from being
    sent. Only one that belongs to an address on loopback, named on purpose, is none: it is a test server's, or that of
    a neighbour who has the real one.
    """
    return tuple(key for key, address in _keys(loaded, presets) if key.is_set and not _is_here(address))


def _keys(loaded: Loaded, presets: Presets | None) -> Iterator[tuple[SecretRef, str | None]]:
    """Yield every key with the address it would be sent to; None is the vendor's own."""
    for vendor in vendors(loaded.settings):
        yield vendor.api_key, vendor.base_url
    for table in loaded.toml.providers:
        if table.name in loaded.keys:
            yield loaded.keys[table.name], table.address(presets)


def _is_here(address: str | None) -> bool:
    return address is not None and is_loopback(urlsplit(address).hostname or "")
