"""Limits counted in this process: for one worker, and for each of several while the shared counter is away."""

import heapq
import threading
from collections.abc import Sequence
from dataclasses import replace

from ultra.domain.limits import Charge, Decision, Lease, Limit, Place, Standing
from ultra.limits import gcra
from ultra.limits.bundle import decide, distinct, name_of
from ultra.limits.gcra import SECOND
from ultra.system import System


class MemoryLimiter:
    """Keeps the promise of `Limiter` in two dictionaries, on the monotonic clock, under a lock.

    `share` workers count apart, so each allows a `share`-th of every amount, at least 1: together they stay within
    the limit wherever it is at least `share`. There is no server that could be down. A restart forgets everything:
    what was counted may pass once more.

    About `most_keys` counters are kept at most (an eighth more between two sweeps). Those that are paid off go first,
    then those nearest to it: a flood of keys makes it forget the little that many had used before the much of one.
    """

    waits = False

    def __init__(self, *, system: System, share: int = 1, most_keys: int = 50_000) -> None:
        if share < 1 or most_keys < 1:
            raise ValueError("A share and a number of keys are at least 1.")
        self._system = system
        self._share = share
        self._most_keys = most_keys
        self._lock = threading.Lock()
        self._tats: dict[str, int] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._stride = max(64, most_keys // 8)
        self._sweep_at = self._stride

    async def charge(
        self, charges: Sequence[Charge], *, places: Sequence[Place] = (), whose: str | None = None
    ) -> Decision:
        """Count all charges and take all places, or none of either; nothing is known of versions here."""
        del whose
        wanted = distinct(charges)
        names = [name_of(charge) for charge in wanted]
        limits = [self._shared(charge.limit) for charge in wanted]
        with self._lock:
            now = self._now()
            before = [self._tats.get(name) for name in names]
            steps = [
                gcra.step(tat, now, limit, charge.weight)
                for tat, limit, charge in zip(before, limits, wanted, strict=True)
            ]
            full = self._full(places, now)
            leases: list[Lease] = []
            is_counted = all(step.allowed for step in steps) and not any(full)
            if is_counted:
                self._tats.update(zip(names, [step.tat for step in steps], strict=True))
                leases = [self._take(place, now) for place in places]
                self._sweep(now)
        if is_counted:
            standings = [
                Standing(charge.limit, step.remaining, step.reset / SECOND, step.next / SECOND)
                for charge, step in zip(wanted, steps, strict=True)
            ]
        else:
            standings = [
                replace(gcra.standing(now if tat is None else tat, now, limit), limit=charge.limit)
                for tat, limit, charge in zip(before, limits, wanted, strict=True)
            ]
        waits = [step.retry_after / SECOND for step in steps]
        return decide(wanted, standings=standings, waits=waits, places=places, full=full, leases=leases)

    async def correct(self, charge: Charge, actual: int) -> None:
        """Replace an earlier charge's weight by what it really was."""
        with self._lock:
            now, name = self._now(), name_of(charge)
            self._tats[name] = gcra.corrected(
                self._tats.get(name), now, self._shared(charge.limit), charge.weight, actual
            )
            self._sweep(now)

    async def enter(self, key: str, *, most: int, ttl_s: float) -> Lease | None:
        """Take one of `most` places (of this worker's share of them)."""
        decision = await self.charge((), places=(Place(key, most, ttl_s),))
        return decision.leases[0] if decision.allowed else None

    async def renew(self, lease: Lease, *, ttl_s: float) -> bool:
        """Keep a place longer."""
        with self._lock:
            now = self._now()
            held = self._places.get(lease.key, {})
            if held.get(lease.id, now) <= now:
                return False
            held[lease.id] = now + round(ttl_s * SECOND)
            return True

    async def leave(self, lease: Lease) -> None:
        """Give a place back."""
        with self._lock:
            held = self._places.get(lease.key, {})
            held.pop(lease.id, None)
            if not held:
                self._places.pop(lease.key, None)

    async def server(self) -> None:
        """Nothing is shared."""
        return

    async def is_shared(self) -> bool:
        """Return False: what is counted here is this process's own."""
        return False

    def _now(self) -> int:
        return round(self._system.monotonic() * SECOND)

    def _shared(self, limit: Limit) -> Limit:
        if self._share == 1:
            return limit
        return replace(limit, amount=max(1, limit.amount // self._share))

    def _full(self, places: Sequence[Place], now: int) -> list[bool]:
        full = []
        wanted: dict[str, int] = {}
        for place in places:
            held = self._places.get(place.key, {})
            for lease in [lease for lease, until in held.items() if until <= now]:
                del held[lease]
            wanted[place.key] = wanted.get(place.key, 0) + 1
            full.append(len(held) + wanted[place.key] > max(min(1, place.most), place.most // self._share))
        return full

    def _take(self, place: Place, now: int) -> Lease:
        lease = Lease(place.key, self._system.new_id("place"))
        self._places.setdefault(place.key, {})[lease.id] = now + round(place.ttl_s * SECOND)
        return lease

    def _sweep(self, now: int) -> None:
        """Forget what is paid off or ended; so seldom that it is constant work for each counter that is added."""
        if len(self._tats) + len(self._places) < self._sweep_at:
            return
        self._tats = {name: tat for name, tat in self._tats.items() if tat > now}
        self._places = {key: held for key, held in self._places.items() if any(end > now for end in held.values())}
        excess = max(0, len(self._tats) - self._most_keys)
        for name in heapq.nsmallest(excess, self._tats, key=self._tats.__getitem__):
            del self._tats[name]
        self._sweep_at = len(self._tats) + len(self._places) + self._stride
