"""Turns away addresses that have used up their share, before anybody is asked about them."""

from collections.abc import Sequence

from ultra.domain.errors import RateLimited
from ultra.domain.limits import Charge, Decision, Limiter, Place
from ultra.limits.addresses import network_of
from ultra.system import System

_MOST = 20_000
_ADDRESS = "address"
"""The limit that counts all requests of one address."""


class Flooding:
    """Remembers, in this process, until when each address is over its limit.

    The limiter counts; this only repeats its last word, so that a flood costs neither a question to the counter nor a
    look at a credential. It forgets the oldest when there are too many: then the limiter is asked again.
    """

    def __init__(self, *, system: System) -> None:
        self._system = system
        self._until: dict[str, float] = {}

    def refuse(self, address: str | None) -> None:
        """Raise `RateLimited` for an address that is over its limit."""
        if not self._until:
            return
        network = network_of(address)
        left = self._until.get(network, 0.0) - self._system.monotonic()
        if left > 0:
            raise RateLimited(
                "Too many requests from this address.",
                hint="Wait as long as Retry-After says.",
                retry_after=left,
                violated=(_ADDRESS,),
            )
        self._until.pop(network, None)

    async def charge(
        self,
        limiter: Limiter,
        charges: Sequence[Charge],
        *,
        address: str | None,
        places: Sequence[Place] = (),
        whose: str | None = None,
    ) -> Decision:
        """Count a request. Refused ones use up the address's share as well, and then are not even asked about."""
        decision = await limiter.charge(charges, places=places, whose=whose)
        if not decision.allowed:
            share = [charge for charge in charges if charge.limit.name == _ADDRESS]
            over = decision if _ADDRESS in decision.violated else await limiter.charge(share)
            if not over.allowed:
                self.hold(address, over.retry_after_s)
        return decision

    def hold(self, address: str | None, seconds: float) -> None:
        """Turn an address away for that long."""
        while len(self._until) >= _MOST:
            self._until.pop(next(iter(self._until)))
        self._until[network_of(address)] = self._system.monotonic() + seconds
