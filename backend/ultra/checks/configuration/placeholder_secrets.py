"""Was each secret made by a machine?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.checks.strength import is_placeholder, is_short, judged, parts, remedy
from ultra.domain.findings import Finding


class PlaceholderSecrets(Check):
    """In production a secret holds a word of defaults and placeholders: `changeme`, `example`, `password`."""

    name = "U022"
    title = "A secret looks like a placeholder"
    why = "Placeholders stand in documents, images and lists that attackers try first."
    mend = "Generate a new one: nobody has to remember it."
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if not case.is_production:
            return
        for reference, value in judged(case.settings):
            if any(is_placeholder(each) and not is_short(each) for each in parts(reference.name, value) or ()):
                yield self.finding(reference.name, "looks like a placeholder.", remedy(case.settings, reference.name))
