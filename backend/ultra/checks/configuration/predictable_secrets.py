"""Is each secret random?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.checks.strength import is_placeholder, is_predictable, is_short, judged, parts, remedy
from ultra.domain.findings import Finding


class PredictableSecrets(Check):
    """In production a secret repeats itself, counts, or has few different characters."""

    name = "U023"
    title = "A secret is not random"
    why = "Length protects only where nothing can be guessed."
    mend = "Generate a new one; every generated one is random enough."
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if not case.is_production:
            return
        for reference, value in judged(case.settings):
            found = [
                each for each in parts(reference.name, value) or () if not is_short(each) and not is_placeholder(each)
            ]
            if any(is_predictable(each) for each in found):
                yield self.finding(reference.name, "is not random.", remedy(case.settings, reference.name))
