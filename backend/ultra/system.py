"""The only clock and the only dice: time, waiting, identifiers and chance are given, never reached for."""

import asyncio
import os
import random
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Alarm(Protocol):
    """Something that will be done unless it is cancelled."""

    def cancel(self) -> object:
        """Let it not be done."""


class System:
    """The real machine. Tests pass `tests.fakes.system.FakeSystem`, which ticks as told."""

    def now(self) -> datetime:
        """Return the wall-clock time, timezone-aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back; only differences mean something."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the event loop."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, act: Callable[[], None]) -> Alarm:
        """Do something in a while, unless the alarm is cancelled first; a tenth of what a task that waits costs."""
        return asyncio.get_running_loop().call_later(seconds, act)

    def new_id(self, prefix: str) -> str:
        """Return `prefix_` and 26 characters that sort by creation time (48 bits of ms, 80 bits of chance)."""
        return f"{prefix}_{_moment(time.time_ns() // 1_000_000)}{_crockford(_chance(), 80)}"

    def token(self) -> str:
        """Return 256 bits from the operating system, URL-safe."""
        return secrets.token_urlsafe(32)

    def dice(self, seed: str | None = None) -> random.Random:
        """Return a generator: repeatable when a seed is given, unpredictable otherwise. Never for secrets."""
        return random.Random(seed if seed is not None else secrets.randbits(64))  # noqa: S311 - not for secrets


_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
"""Ten bits at a time: every request takes several ids, and letter by letter takes three times as long."""


def _crockford(value: int, bits: int) -> str:
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(bits - 10, -1, -10)])


_drawn: list[int] = []
"""Chance that was drawn and not used: 80 bits each. Every request takes several, and drawing them singly is dear."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drawn.clear)  # a copy of this process must not give the same names


def _chance() -> int:
    while True:
        try:
            return _drawn.pop()  # one step, so that two threads never get the same
        except IndexError:
            drawn = os.urandom(10 * _DRAWN_AT_ONCE)
            _drawn.extend([int.from_bytes(drawn[start : start + 10], "big") for start in range(0, len(drawn), 10)])


_DRAWN_AT_ONCE = 64


@lru_cache(maxsize=4)
def _moment(milliseconds: int) -> str:
    return _crockford(milliseconds, 50)
