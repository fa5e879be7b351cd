"""How much of something is allowed in a time, and the promise of whoever counts.

The algorithm is GCRA (the generic cell rate algorithm, ITU-T I.371): a limit of `amount` per `window_s` admits bursts
up to `amount` and then one unit every `window_s / amount` seconds. A request may weigh more than one unit, and a
reservation may be corrected afterwards.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

from ultra.domain.analysis import Run
from ultra.domain.identity import Principal


@dataclass(frozen=True, slots=True)
class Limit:
    """So many units in so many seconds. `name` is what headers and metrics call it, `unit` what is counted."""

    name: str
    amount: int
    window_s: float
    unit: Literal["requests", "tokens", "cost"] = "requests"


@dataclass(frozen=True, slots=True)
class Charge:
    """Something that wants to pass: `weight` units against `limit`, counted under `key` (hashed where it tells who)."""

    limit: Limit
    key: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands after a decision: units left now, seconds until all are back, until one more is there."""

    limit: Limit
    remaining: int
    reset_s: float
    next_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Lease:
    """A place among the concurrent ones; give it back, or it ends by itself after its time to live."""

    key: str
    id: str


@dataclass(frozen=True, slots=True)
class Place:
    """Something that wants to be one of at most `most` at once, for `ttl_s` seconds unless renewed."""

    key: str
    most: int
    ttl_s: float
    name: str = "concurrency"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether all charges passed. When not, none was counted, and `retry_after_s` says when all of them would pass.

    `violated` names the limits that said no; `degraded` says that the shared counter was out of reach and this
    worker decided by itself, at its share of the limit. `leases` are the places taken, in the order wanted. `version`
    is that of the user who was asked for, None where the counter does not know it.
    """

    allowed: bool
    standings: tuple[Standing, ...]
    retry_after_s: float = 0.0
    violated: tuple[str, ...] = ()
    degraded: bool = False
    leases: tuple[Lease, ...] = ()
    version: int | None = None


class Limiter(Protocol):
    """Counts, right across workers and restarts where its keeper is shared."""

    @property
    def waits(self) -> bool:
        """Whether counting may wait for somebody; where not, no caller can be interrupted in it."""

    async def charge(
        self, charges: Sequence[Charge], *, places: Sequence[Place] = (), whose: str | None = None
    ) -> Decision:
        """Count all charges and take all places, or none of either; one question to the keeper.

        It also tells the present version of the user `whose`, passed or not, where the keeper knows it for certain.
        A weight of 0 always passes and shows how the limit stands. A charge heavier than its whole limit passes when
        nothing is counted, and then keeps all others waiting until it is paid off.
        """

    async def correct(self, charge: Charge, actual: int) -> None:
        """Replace an earlier charge's weight by what it really was: more is counted, less is given back."""

    async def enter(self, key: str, *, most: int, ttl_s: float) -> Lease | None:
        """Take one of `most` places; None when all are taken."""

    async def renew(self, lease: Lease, *, ttl_s: float) -> bool:
        """Keep a place longer; False when it had ended."""

    async def leave(self, lease: Lease) -> None:
        """Give a place back; harmless when it had ended."""

    async def is_shared(self) -> bool:
        """Whether the counter is the shared one and can be reached now."""

    async def server(self) -> str | None:
        """Return what counts for all workers, with its version (`valkey 9.1.0`); None where nothing is shared.

        Raises `Unavailable` while the shared counter cannot be reached.
        """


async def whole(counting: Coroutine[Any, Any, None], *, by: Limiter) -> None:
    """Count to the end, also when the caller is cancelled meanwhile; a task of its own only where that can happen."""
    if by.waits:
        await asyncio.shield(counting)
    else:
        await counting


@dataclass(frozen=True, slots=True)
class Purse:
    """Money that may be spent: `key` says whose, `limit_usd` how much in the day or month `period`."""

    key: str
    period: Literal["day", "month"]
    limit_usd: Decimal


@dataclass(frozen=True, slots=True)
class Reached:
    """A purse out of which this share of its limit has just been spent."""

    purse: Purse
    percent: Literal[80, 100]


class Budgets(Protocol):
    """Who has how much left. Lives in the database: money must be right when the counter is not there."""

    async def reserve(self, purses: Sequence[Purse], amount_usd: Decimal, *, reservation: str) -> Purse | None:
        """Set the amount aside in all purses or none; returns the first purse that has too little, else None."""

    async def settle(
        self, reservation: str, spent_usd: Decimal, *, purses: Sequence[Purse] = ()
    ) -> tuple[Reached, ...]:
        """Replace what was set aside by what was spent; harmless when repeated.

        Returns what `purses` reached by this: of all settlements, by whichever worker, one crosses each line.
        """

    async def spent(self, purse: Purse) -> Decimal:
        """Return what was spent and set aside in the present period."""


class Rations(Protocol):
    """Knows how many tokens a minute a caller may use."""

    async def of(self, principal: str, credential_id: str | None, tokens: int) -> Sequence[Charge]:
        """Return what so many tokens are charged to: the user, and the key that is used; none where none is bounded."""


def reached(purse: Purse, *, before: Decimal, after: Decimal) -> tuple[Reached, ...]:
    """Return the lines between what was spent out of a purse before, and what is now."""
    lines: dict[Literal[80, 100], Decimal] = {80: purse.limit_usd * 4 / 5, 100: purse.limit_usd}
    return tuple(Reached(purse, percent) for percent, line in lines.items() if before < line <= after)


class Means(Protocol):
    """Knows whether a run can be paid at all, before it is begun."""

    async def refuse_unpayable(self, run: Run) -> None:
        """Raise `QuotaExhausted` when, as things stand, not one call of its first round can be paid by its caller."""


class RunPlaces(Protocol):
    """Counts the runs that a caller has at once; a run that is conducted has its places."""

    async def take(self, principal: Principal, run: Run) -> None:
        """Take the places of a run that is about to be kept; raises `RateLimited` where one of them is not free."""

    async def give_back(self, run_id: str) -> None:
        """Give back the places of a run that was not kept; harmless when repeated."""


class Purses(Protocol):
    """Knows out of which purses a caller pays."""

    async def of(self, principal: str, credential_id: str | None) -> Sequence[Purse]:
        """Return the purses of a user, and of the key that is used; none where nothing is bounded."""
