"""Does every provider accept its key?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.connection import Connection
from ultra.checks.reaching import Reached
from ultra.domain.findings import Finding


class ProviderKey(Connection):
    """A provider refuses the key that is configured for it."""

    name = "U096"
    title = "A provider refuses its key"
    why = "All its models answer with an error until the key is right."
    mend = (
        "Make a new key at the provider, and put it where the finding says. A running server takes it without "
        "a restart."
    )
    level = "warning"

    def find(self, case: Case, reached: Reached) -> Iterator[Finding]:
        """Yield what is wrong."""
        del case
        for each in reached.providers:
            if each.refuses_key:
                setting = each.asked.key_setting or each.asked.setting
                yield self.finding(setting, f"is refused by {each.asked.name}.", "Make a new one there.")
