"""Do all clocks say the same?"""

from collections.abc import Iterator
from typing import Final

from ultra.checks.case import Case
from ultra.checks.connection import Connection
from ultra.checks.reaching import Reached
from ultra.domain.findings import Finding

_APART_S: Final = 2.0


class Clocks(Connection):
    """The clock of the database or of the counter differs from this machine's by more than two seconds."""

    name = "U094"
    title = "The clocks differ"
    why = (
        "Leases of runs, expiry of tokens and the order of events are told by clocks of several machines. "
        "Half a minute apart, fresh tokens are refused."
    )
    mend = "Let every machine follow a time server (`chrony`, `systemd-timesyncd`)."
    level = "warning"

    def find(self, case: Case, reached: Reached) -> Iterator[Finding]:
        """Yield what is wrong."""
        del case
        for setting, seen in (("DATABASE_URL", reached.database), ("REDIS_URL", reached.counter)):
            ahead_s = seen.ahead_s if seen else None
            if ahead_s is not None and abs(ahead_s) > _APART_S:
                way = "ahead of" if ahead_s > 0 else "behind"
                sentence = f"has a clock {abs(ahead_s):.1f} s {way} this machine's."
                yield self.finding(setting, sentence, "Let both follow a time server.")
