"""Is each secret used for one thing?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.checks.strength import judged, parts, remedy
from ultra.domain.findings import Finding


class RepeatedSecrets(Check):
    """Two settings hold the same secret, one of them perhaps inside a ring."""

    name = "U024"
    title = "One secret is used twice"
    why = "What leaks in one place then opens the other, and neither can be replaced alone."
    mend = "Generate one secret for each purpose."
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        seen: dict[str, str] = {}
        for reference, value in judged(case.settings):
            found = parts(reference.name, value) or ()
            for twin in sorted({seen[part] for part in found if part in seen}):
                yield self.finding(
                    reference.name, f"is the same secret as {twin}.", remedy(case.settings, reference.name)
                )
            seen |= dict.fromkeys(found, reference.name)
