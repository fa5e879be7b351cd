"""Which pages may call Ultra from a browser?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class CorsEveryone(Check):
    """In production `ULTRA_CORS_ORIGINS` is `*`."""

    name = "U053"
    title = "Any page may call the API"
    why = "Any page can then use whatever key its visitors typed into it, from their addresses."
    mend = "Name the origins of your own pages. A public API that is meant for pages of strangers is the exception."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production and "*" in case.settings.cors_origins and not case.settings.cors_credentials:
            yield self.finding("ULTRA_CORS_ORIGINS", "lets every page on the web call.", "Name the origins.")
