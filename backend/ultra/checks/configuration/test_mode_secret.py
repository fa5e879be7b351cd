"""Is there a way around sign-in?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class TestModeSecret(Check):
    """`ULTRA_TEST_MODE_SECRET` is set in production."""

    name = "U026"
    title = "The test header's secret in production"
    why = (
        "With it, tests say who they are instead of signing in. Production never honours it, and has no "
        "reason to know it."
    )
    mend = "Remove it from production, and replace it in testing if others could have seen it."
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production and case.settings.test_mode_secret.is_set:
            yield self.finding("ULTRA_TEST_MODE_SECRET", "may not be set in production.", "Remove it.")
