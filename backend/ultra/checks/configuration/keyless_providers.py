"""Has every provider that is named its key?"""

from collections.abc import Iterator

from ultra.checks.asked import providers
from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class KeylessProviders(Check):
    """A provider is named on purpose, and the key that it is expected to need is not there."""

    name = "U034"
    title = "A provider has no key"
    why = "Its models are listed as unavailable, and nobody notices before somebody asks one."
    mend = (
        "Set the key where the finding says. A key is read when it is first needed, so a later one counts "
        "without a restart."
    )
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        for each in providers(case):
            if each.url is not None and not each.is_usable:
                setting = each.key_setting or each.setting
                yield self.finding(
                    setting, f"is not set: {each.name} cannot be asked.", "Set it, or do not name this provider."
                )
