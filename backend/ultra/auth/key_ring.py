"""Named secrets, the first of which is used for what is made and all of them for what is checked."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_LEAST_BYTES = 32
_LEAST_DIFFERENT = 8
"""Bytes of a secret that differ: 32 random ones, also when written as hex, practically never have fewer."""


class WeakRing(ValueError):
    """A ring that cannot be used. Says which entry by position or name, and never its value."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Secrets by name, in the order given. Shows names only."""

    secrets: Mapping[str, bytes] = field(repr=False)

    @property
    def first(self) -> str:
        """The name of the secret that signs."""
        return next(iter(self.secrets))

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order given."""
        return tuple(self.secrets)


def read_ring(text: str) -> KeyRing:
    """Read `name:secret,name2:secret2`; raises `WeakRing` for anything that is not a ring of strong secrets.

    One secret without a name is a ring too; it is named after its own digest, so that another one never goes by the
    same name. A secret has 32 bytes or more, is no repetition, and occurs once.
    """
    secrets: dict[str, bytes] = {}
    entries = text.split(",")
    for position, entry in enumerate(entries, start=1):
        name, separator, secret = entry.strip().partition(":")
        if not separator and len(entries) == 1:
            name, secret = _named_after(name), name
        if not _NAME.fullmatch(name):
            raise WeakRing(f"Entry {position} has no name of letters, digits, '-' or '_' before its colon.")
        if name in secrets:
            raise WeakRing(f"The name {name!r} occurs twice.")
        _refuse_weak(name, secret.encode("utf-8", "surrogateescape"), secrets)
        secrets[name] = secret.encode("utf-8", "surrogateescape")
    return KeyRing(secrets)


def _refuse_weak(name: str, secret: bytes, others: Mapping[str, bytes]) -> None:
    if len(secret) < _LEAST_BYTES:
        raise WeakRing(f"The secret {name!r} is shorter than {_LEAST_BYTES} bytes.")
    if len(set(secret)) < _LEAST_DIFFERENT:
        raise WeakRing(f"The secret {name!r} repeats itself; generate a random one.")
    if any(hmac.compare_digest(secret, other) for other in others.values()):
        raise WeakRing(f"The secret {name!r} is the same as another one.")


def _named_after(secret: str) -> str:
    digest = hmac.new(b"ultra key ring name", secret.encode("utf-8", "surrogateescape"), hashlib.sha256)
    return digest.hexdigest()[:8]
