"""Is there a limit to what one run may spend?"""

from collections.abc import Iterator
from typing import Final

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding

_MUCH_USD: Final = 10


class RunBudget(Check):
    """In production a run that names no budget may spend more than 10 USD."""

    name = "U072"
    title = "A run may spend much"
    why = "One click, or one program in a loop, then spends it each time."
    mend = (
        "Lower `ULTRA_RUN_BUDGET_USD`: a run that needs more can ask for it. Users and keys have budgets of their own."
    )
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production and case.settings.run_budget_usd > _MUCH_USD:
            sentence = f"lets every run that names no budget spend more than {_MUCH_USD} USD."
            yield self.finding("ULTRA_RUN_BUDGET_USD", sentence, "Lower it: a run that needs more can ask for it.")
