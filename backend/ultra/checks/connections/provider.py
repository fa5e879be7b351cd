"""Does every provider answer?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.connection import Connection
from ultra.checks.reaching import Reached
from ultra.domain.findings import Finding


class ProviderReached(Connection):
    """A provider's list of models cannot be read."""

    name = "U095"
    title = "A provider does not answer"
    why = "Its models could not be asked now. Others still can, so a server starts."
    mend = "Look at its status page, at the way out of this machine (proxy, firewall, DNS), and at `ULTRA_CA_FILE`."
    level = "warning"

    def find(self, case: Case, reached: Reached) -> Iterator[Finding]:
        """Yield what is wrong."""
        del case
        for each in reached.providers:
            if each.failure is not None and not each.refuses_key:
                yield self.finding(
                    each.asked.setting, f"{each.failure}", "Look at the way there, and at its status page."
                )
