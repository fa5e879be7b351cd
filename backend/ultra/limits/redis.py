"""Limits counted in Valkey or Redis, for all workers together."""

from collections.abc import Sequence
from dataclasses import replace

from ultra.domain.errors import Unavailable
from ultra.domain.limits import Charge, Decision, Lease, Place
from ultra.limits import gcra, scripts
from ultra.limits.bundle import decide, distinct, name_of
from ultra.limits.connections import Connections
from ultra.limits.gcra import SECOND
from ultra.limits.versions import version_key
from ultra.system import System


class RedisLimiter:
    """Keeps the promise of `Limiter` on a server; every question is one call, decided in one step on its clock.

    So it is right across workers, restarts of workers and their clocks, whatever those say. When the server is down,
    slower than `timeout_s`, read-only or full, every method but `is_shared` raises `Unavailable` whose `code` is the
    failure's name: nothing is allowed or refused by guess. (`FallbackLimiter` then asks this worker's own counters.)
    A call that timed out may have been counted all the same. What a server forgets, by `FLUSHALL`, eviction or a
    restart without persistence, may pass once more, and leases end.

    On a cluster, put braces around the prefix (`{ultra}:`), so that the keys of one question live on one node.
    """

    waits = True

    def __init__(
        self, *, url: str, system: System, prefix: str = "ultra:", timeout_s: float = 0.2, connections: int = 64
    ) -> None:
        self._system = system
        self._prefix = prefix
        self._connections = Connections(url=url, timeout_s=timeout_s, most=connections)

    async def charge(
        self, charges: Sequence[Charge], *, places: Sequence[Place] = (), whose: str | None = None
    ) -> Decision:
        """Count all charges and take all places, or none of either; tell the version of that user, if it stands."""
        wanted = distinct(charges)
        leases = [Lease(place.key, self._system.new_id("place")) for place in places]
        keys = [self._counter(charge) for charge in wanted] + [self._place(place.key) for place in places]
        spans = [
            each
            for charge in wanted
            for each in (
                gcra.cost_of(charge.limit, charge.weight),
                gcra.window_of(charge.limit),
                gcra.most_debt(charge.limit),
            )
        ]
        seats: list[str | int] = []
        for place, lease in zip(places, leases, strict=True):
            seats += [place.most, round(place.ttl_s * SECOND), lease.id]
        if whose is not None:
            keys.append(version_key(self._prefix, whose))
        if not keys:
            return Decision(allowed=True, standings=())
        asked = int(whose is not None)
        reply = await self._connections.run(scripts.CHARGE, len(keys), *keys, len(wanted), *spans, *seats, asked)
        if whose is None:
            return _decision(reply, wanted, places, leases)
        rest, _, word = reply.rpartition(b" ")
        decision = _decision(rest, wanted, places, leases)
        return replace(decision, version=int(word)) if word.isdigit() else decision

    async def correct(self, charge: Charge, actual: int) -> None:
        """Replace an earlier charge's weight by what it really was."""
        moved = gcra.cost_of(charge.limit, actual) - gcra.cost_of(charge.limit, charge.weight)
        if moved:
            most = gcra.most_debt(charge.limit)
            await self._connections.run(scripts.CORRECT, 1, self._counter(charge), moved, most)

    async def enter(self, key: str, *, most: int, ttl_s: float) -> Lease | None:
        """Take one of `most` places."""
        decision = await self.charge((), places=(Place(key, most, ttl_s),))
        return decision.leases[0] if decision.allowed else None

    async def renew(self, lease: Lease, *, ttl_s: float) -> bool:
        """Keep a place longer."""
        span = round(ttl_s * SECOND)
        kept = await self._connections.run(scripts.RENEW, 1, self._place(lease.key), lease.id, span)
        return bool(kept)

    async def leave(self, lease: Lease) -> None:
        """Give a place back."""
        await self._connections.ask("ZREM", self._place(lease.key), lease.id)

    async def is_shared(self) -> bool:
        """Whether the server answers now; a read-only or full one does, too."""
        try:
            await self._connections.ask("PING")
        except Unavailable:
            return False
        return True

    async def server(self) -> str:
        """Return the server's own name and version; one that does not tell is called `redis`."""
        told = await self._connections.ask("INFO", "server")
        lines = (line.partition(":") for line in told.decode(errors="replace").splitlines())
        facts = {name: value for name, _, value in lines}
        if "valkey_version" in facts:
            return f"valkey {facts['valkey_version']}"
        return f"redis {facts.get('redis_version', '')}".strip()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connections.aclose()

    def _counter(self, charge: Charge) -> str:
        return f"{self._prefix}limit:{name_of(charge)}"

    def _place(self, key: str) -> str:
        return f"{self._prefix}place:{key}"


def _decision(reply: bytes, charges: Sequence[Charge], places: Sequence[Place], leases: Sequence[Lease]) -> Decision:
    passed, now, *rest = map(int, reply.split())
    tats, full = rest[: len(charges)], [bool(each) for each in rest[len(charges) :]]
    waits = [0.0] * len(charges)
    if not passed:
        steps = [gcra.step(tat, now, charge.limit, charge.weight) for charge, tat in zip(charges, tats, strict=True)]
        waits = [step.retry_after / SECOND for step in steps]
    standings = [gcra.standing(tat, now, charge.limit) for charge, tat in zip(charges, tats, strict=True)]
    return decide(charges, standings=standings, waits=waits, places=places, full=full, leases=leases)
