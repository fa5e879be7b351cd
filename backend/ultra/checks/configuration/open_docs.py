"""Who may read the description of the API?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class OpenDocs(Check):
    """In production `ULTRA_API_DOCS` is true."""

    name = "U057"
    title = "The API's description is served"
    why = "It is shown only to whoever may read it (`docs:read`), and is still more than production needs."
    mend = "Remove `ULTRA_API_DOCS`, unless your operators read it there."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production and case.settings.api_docs:
            sentence = "serves the API's description to signed-in operators."
            yield self.finding("ULTRA_API_DOCS", sentence, "Set it to false, unless they need it there.")
