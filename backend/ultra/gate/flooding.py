"""Turns away addresses that have used up their share, before anybody is asked about them."""

from ultra.domain.errors import RateLimited
from ultra.limits.addresses import network_of
from ultra.system import System

_MOST = 20_000


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
                violated=("address",),
            )
        self._until.pop(network, None)

    def hold(self, address: str | None, seconds: float) -> None:
        """Turn an address away for that long."""
        while len(self._until) >= _MOST:
            self._until.pop(next(iter(self._until)))
        self._until[network_of(address)] = self._system.monotonic() + seconds
