"""A limiter that counts by hand: exact fractions, levels that leak, nothing shared with the real ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ultra.domain.errors import Unavailable
from ultra.domain.limits import Charge, Decision, Lease, Limit, Place, Standing
from ultra.system import System

MOST_LEVELS = 10
"""So many times its amount a level holds at most."""


@dataclass
class Level:
    """How much is counted at a time; it leaks away at the limit's rate."""

    units: Fraction
    at: Fraction


class FakeLimiter:
    """Keeps the promise of `Limiter`; `reason` (a failure's name) makes every question but `is_shared` fail."""

    waits = False

    def __init__(self, *, system: System, reason: str | None = None) -> None:
        self.reason = reason
        self.asked = 0
        """Questions so far, failed ones too."""
        self.versions: dict[str, int] = {}
        """What stands for users."""
        self.levels: dict[tuple[str, str], Level] = {}
        self.held: dict[str, dict[str, Fraction]] = {}
        self._system = system

    async def charge(
        self, charges: Sequence[Charge], *, places: Sequence[Place] = (), whose: str | None = None
    ) -> Decision:
        """Count all charges and take all places, or none of either; tell what `versions` says of that user."""
        self._answer()
        weights: dict[tuple[Limit, str], int] = {}
        for charge in charges:
            weights[charge.limit, charge.key] = weights.get((charge.limit, charge.key), 0) + charge.weight
        waits = {charged: self._wait(*charged, weight) for charged, weight in weights.items()}
        full = [not self._has_room(places[: index + 1]) for index in range(len(places))]
        violated = [limit.name for (limit, _), wait in waits.items() if wait]
        violated += [place.name for place, is_full in zip(places, full, strict=True) if is_full]
        if not violated:
            for (limit, key), weight in weights.items():
                self._add(limit, key, weight)
        return Decision(
            allowed=not violated,
            standings=tuple(self._standing(limit, key) for limit, key in weights),
            retry_after_s=max([*map(float, waits.values()), 1.0 if any(full) else 0.0], default=0.0),
            violated=tuple(dict.fromkeys(violated)),
            leases=() if violated else tuple(self._take(place) for place in places),
            version=self.versions.get(whose or ""),
        )

    async def correct(self, charge: Charge, actual: int) -> None:
        """Replace an earlier charge's weight by what it really was."""
        self._answer()
        self._add(charge.limit, charge.key, actual - charge.weight)

    async def enter(self, key: str, *, most: int, ttl_s: float) -> Lease | None:
        """Take one of `most` places."""
        decision = await self.charge((), places=(Place(key, most, ttl_s),))
        return decision.leases[0] if decision.allowed else None

    async def renew(self, lease: Lease, *, ttl_s: float) -> bool:
        """Keep a place longer."""
        self._answer()
        if lease.id not in self._living(lease.key):
            return False
        self.held[lease.key][lease.id] = self._now() + Fraction(ttl_s)
        return True

    async def leave(self, lease: Lease) -> None:
        """Give a place back."""
        self._answer()
        self._living(lease.key).pop(lease.id, None)

    async def server(self) -> str | None:
        """Say who it is."""
        self._answer()
        return "fake 1.0"

    async def is_shared(self) -> bool:
        """Whether it answers."""
        return self.reason is None

    def _answer(self) -> None:
        self.asked += 1
        if self.reason is not None:
            raise Unavailable("The shared counter cannot be reached.", code=self.reason)

    def _now(self) -> Fraction:
        return Fraction(self._system.monotonic())

    def _units(self, limit: Limit, key: str) -> Fraction:
        level = self.levels.get((limit.name, key))
        if level is None:
            return Fraction(0)
        leaked = (self._now() - level.at) * limit.amount / Fraction(limit.window_s)
        return max(Fraction(0), level.units - leaked)

    def _wait(self, limit: Limit, key: str, weight: int) -> Fraction:
        units = self._units(limit, key)
        if not units or not weight:
            return Fraction(0)
        excess = units + min(weight, limit.amount) - limit.amount
        return max(Fraction(0), excess * Fraction(limit.window_s) / limit.amount)

    def _add(self, limit: Limit, key: str, weight: int) -> None:
        units = self._units(limit, key)
        most = max(units, Fraction(MOST_LEVELS * limit.amount))
        self.levels[limit.name, key] = Level(max(Fraction(0), min(units + weight, most)), self._now())

    def _standing(self, limit: Limit, key: str) -> Standing:
        units = self._units(limit, key)
        remaining = max(0, int(limit.amount - units))
        a_unit = Fraction(limit.window_s) / limit.amount
        until_next = (remaining + 1 - limit.amount + units) * a_unit if remaining < limit.amount else 0
        return Standing(limit, remaining, float(units * a_unit), float(until_next))

    def _living(self, key: str) -> dict[str, Fraction]:
        held = self.held.setdefault(key, {})
        for lease in [lease for lease, end in held.items() if end <= self._now()]:
            del held[lease]
        return held

    def _has_room(self, places: Sequence[Place]) -> bool:
        last = places[-1]
        return len(self._living(last.key)) + sum(place.key == last.key for place in places) <= last.most

    def _take(self, place: Place) -> Lease:
        lease = Lease(place.key, self._system.new_id("place"))
        self._living(place.key)[lease.id] = self._now() + Fraction(place.ttl_s)
        return lease
