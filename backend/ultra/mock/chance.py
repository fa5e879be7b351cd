"""Repeatable chance: a share or a choice decided by a hash of words, the same on every machine and in every process."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

_SPAN = float(1 << 64)


def number(*words: str) -> int:
    """Return 64 bits that depend on the words and their order."""
    digest = hashlib.blake2b("\x1f".join(words).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def share(*words: str) -> float:
    """Return a number from 0 up to, not including, 1."""
    return number(*words) / _SPAN


def pick(items: Sequence[Item], *words: str) -> Item:
    """Choose one of the items."""
    return items[number(*words) % len(items)]


def shuffle(items: Sequence[Item], *words: str) -> list[Item]:
    """Return the items in an order that depends on the words."""
    ranked = sorted(range(len(items)), key=lambda index: number(str(index), *words))
    return [items[index] for index in ranked]
