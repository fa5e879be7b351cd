"""Has production every secret that it is guarded with?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.checks.strength import remedy
from ultra.config import guarding
from ultra.domain.findings import Finding


class MissingSecrets(Check):
    """A secret that sessions, tokens or keys depend on is not set in production."""

    name = "U020"
    title = "A secret is missing"
    why = (
        "Elsewhere Ultra makes its own. In production several processes and machines must have the same ones, "
        "and a restart must not sign everybody out."
    )
    mend = "Generate it and write it into `.env.production.local`, or mount it in the secrets directory."

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production:
            for each in guarding(case.settings):
                if not each.is_set:
                    yield self.finding(each.name, "is not set.", remedy(case.settings))
