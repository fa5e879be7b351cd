"""Is the counter there?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.connection import Connection
from ultra.checks.reaching import Reached
from ultra.domain.findings import Finding


class CounterReached(Connection):
    """Valkey or Redis cannot be reached with the address and password of `REDIS_URL`."""

    name = "U093"
    title = "Valkey or Redis cannot be reached"
    why = (
        "A server starts all the same: each worker then counts alone, with its share of every limit, until "
        "the counter is back."
    )
    mend = "Start it, or put the address or the password right."
    level = "warning"

    def find(self, case: Case, reached: Reached) -> Iterator[Finding]:
        """Yield what is wrong."""
        del case
        if reached.counter is not None and reached.counter.failure is not None:
            hint = "Is it running, and are address and password right?"
            yield self.finding("REDIS_URL", f"{reached.counter.failure}.", hint)
