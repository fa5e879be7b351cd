"""Judges a secret by itself: how long it is, whether it was made up by a person, whether it is random."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from ultra.auth.key_ring import WeakRing, read_ring
from ultra.config import SecretRef, Settings, guarding

LEAST_BYTES: Final = 32
_LEAST_DIFFERENT: Final = 10
_RINGS: Final = frozenset({"ULTRA_SIGNING_KEYS", "ULTRA_KEY_PEPPER"})
_PLACEHOLDER: Final = re.compile(
    r"secret|passw|change[-_ ]?(me|this|it)|example|placeholder|default|insecure|dummy|sample|replace"
    r"|your[-_ ]|test[-_ ]?key|qwerty|letmein|1234567|abcdefgh",
    re.IGNORECASE,
)


def judged(settings: Settings) -> Iterator[tuple[SecretRef, str]]:
    """Yield the secrets that Ultra itself is guarded with, those that are given, with their values.

    That of the test header is one where it may be set; in production there is nothing to say but that it is there.
    """
    extra = () if settings.environment == "production" else (settings.test_mode_secret,)
    for reference in (*guarding(settings), *extra):
        value = reference.reveal()
        if value is not None:
            yield reference, value


def remedy(settings: Settings, name: str | None = None) -> str:
    """Return the command that makes the secret called `name` anew, or without a name those that are missing."""
    which = f" {name} --force" if name else ""
    return f"Run: scripts/set-env.sh generate{which} --environment {settings.environment}"


def parts(name: str, value: str) -> tuple[str, ...] | None:
    """Return the secrets of a value: those of a ring one by one; None when it is a ring that cannot be read."""
    if name not in _RINGS:
        return (value,)
    try:
        return tuple(secret.decode("utf-8", "surrogateescape") for secret in read_ring(value).secrets.values())
    except WeakRing:
        return None


def is_short(secret: str) -> bool:
    """Whether it has fewer bytes than protect anything."""
    return len(secret.encode("utf-8", "surrogateescape")) < LEAST_BYTES


def is_placeholder(secret: str) -> bool:
    """Whether it was written to be replaced, or made up by a person."""
    return _PLACEHOLDER.search(secret) is not None


def is_predictable(secret: str) -> bool:
    """Whether it has few different characters, repeats itself, or counts."""
    return len(set(secret)) < _LEAST_DIFFERENT or _is_periodic(secret) or _is_sequence(secret)


def _is_periodic(secret: str) -> bool:
    """Whether it is one piece, repeated."""
    return (secret + secret).find(secret, 1) < len(secret)


def _is_sequence(secret: str) -> bool:
    """Whether most characters follow from the one before: the same, the next or the previous one."""
    codes = [ord(character) for character in secret]
    near = sum(abs(after - before) <= 1 for before, after in pairwise(codes))
    return near * 2 > len(codes)
