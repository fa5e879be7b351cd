"""Who made the opaque bytes (signatures) that a client brings back."""

from typing import Any

from ultra.domain.chat import Opaque


def opaque(raw: Any, *, model: str, vendor: str) -> Opaque:
    """Return opaque bytes as belonging to the model that is asked now: `provider/name`, or `vendor`'s own.

    A wire carries no origin with a signature; that of the model being asked is the only one under which it may be used.
    """
    provider, slash, name = model.partition("/")
    return Opaque(provider, name, raw) if slash else Opaque(vendor, model, raw)
