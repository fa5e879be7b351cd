"""Makes secrets; `environments` keeps them."""

from collections.abc import Mapping, Sequence

from ultra.config.secret import SecretRef
from ultra.config.settings import Settings
from ultra.system import System


def guarding(settings: Settings) -> tuple[SecretRef, ...]:
    """Return the secrets that sessions, tokens and keys depend on: without them nothing can be served."""
    return settings.signing_keys, settings.csrf_key, settings.key_pepper


def missing_secrets(settings: Settings) -> tuple[str, ...]:
    """Return the names of the secrets that Ultra needs and does not have."""
    return tuple(each.name for each in guarding(settings) if not each.is_set)


def make_secrets(names: Sequence[str], *, system: System) -> Mapping[str, str]:
    """Return a fresh secret of 256 bits for each name; rings get one named entry."""
    day = f"{system.now():%Y%m%d}"
    prefixes = {"ULTRA_SIGNING_KEYS": f"k{day}:", "ULTRA_KEY_PEPPER": f"p{day}:"}
    return {name: prefixes.get(name, "") + system.token() for name in names}
