"""The generic cell rate algorithm (ITU-T I.371, annex A), pure, in whole microseconds.

What is kept of a limit is one number: the theoretical arrival time (TAT), the moment at which everything counted will
have been paid off. A charge of `w` units against `amount` per `window` moves it `w * window / amount` later; it passes
when that is at most one window from now. So a burst of `amount` passes at once and one unit comes back every
`window / amount`, and nothing else has to be remembered.

Bounds, for any time of length `t`: at most `amount + t * amount / window` units pass, and one charge heavier than the
whole limit. A charge's cost is rounded down to a whole microsecond, so it may be cheaper by less than that.
"""

from dataclasses import dataclass
from typing import Final

from ultra.domain.limits import Limit, Standing

SECOND: Final = 1_000_000
"""Microseconds."""
MOST_WINDOWS: Final = 10
"""A debt is never longer than so many windows: a wrong number, or a clock set back, must not lock out for ever."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one charge comes to. `tat` is to be kept (unchanged when not allowed); times in microseconds from now.

    `reset` is when everything is paid off, `next` when one more unit is there, `retry_after` when it would pass.
    """

    allowed: bool
    tat: int
    remaining: int
    reset: int
    next: int
    retry_after: int


def window_of(limit: Limit) -> int:
    """Return the limit's window in microseconds; raises `ValueError` for a limit that cannot be counted."""
    window = round(limit.window_s * SECOND)
    if window < 1 or limit.amount < 1:
        raise ValueError(f"The limit {limit.name!r} needs a positive amount and window.")
    return window


def cost_of(limit: Limit, weight: int) -> int:
    """Return how far so many units move the TAT: microseconds, at least 1 for what weighs anything."""
    return _cost(window_of(limit), limit.amount, weight)


def step(tat: int | None, now: int, limit: Limit, weight: int = 1) -> Step:
    """Decide one charge at `now`; `tat` None is a limit that nothing was counted against."""
    window = window_of(limit)
    cost = _cost(window, limit.amount, weight)
    start = now if tat is None or tat < now else tat
    allowed = not cost or start == now or start + cost - now <= window
    after = min(start + cost, max(start, now + MOST_WINDOWS * window)) if allowed else start
    remaining, until_next = _room(after - now, window, limit.amount)
    wait = 0 if allowed else start + min(cost, window) - window - now
    return Step(allowed, after, remaining, after - now, until_next, wait)


def corrected(tat: int | None, now: int, limit: Limit, weight: int, actual: int) -> int:
    """Return the TAT after `weight` units, charged earlier, turned out to be `actual` ones.

    What is given back never exceeds what is counted, and what is added never makes a debt longer than the longest.
    """
    start = now if tat is None else max(tat, now)
    after = start + cost_of(limit, actual) - cost_of(limit, weight)
    return max(now, min(after, max(start, now + most_debt(limit))))


def most_debt(limit: Limit) -> int:
    """Return how far ahead of now a TAT may be moved, in microseconds."""
    return MOST_WINDOWS * window_of(limit)


def standing(tat: int, now: int, limit: Limit) -> Standing:
    """Say how a limit stands."""
    backlog = max(0, tat - now)
    remaining, until_next = _room(backlog, window_of(limit), limit.amount)
    return Standing(limit, remaining, backlog / SECOND, until_next / SECOND)


def _cost(window: int, amount: int, weight: int) -> int:
    if weight < 0:
        raise ValueError("Nothing weighs less than nothing.")
    return max(weight * window // amount, min(weight, 1))


def _room(backlog: int, window: int, amount: int) -> tuple[int, int]:
    """Return how many units would pass now, as one charge, and the microseconds until it is one more."""
    room = window - backlog
    remaining = min(amount, max(0, ((room + 1) * amount - 1) // window))
    return remaining, 0 if remaining == amount else _cost(window, amount, remaining + 1) - room
