"""May every page on the web act as its visitor?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class CorsCredentials(Check):
    """`ULTRA_CORS_ORIGINS` is `*` while `ULTRA_CORS_CREDENTIALS` is true."""

    name = "U052"
    title = "Any page may send cookies"
    why = "Any page that a signed-in person opens could read and do whatever that person may."
    mend = "Name the origins, or leave cookies out."
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.settings.cors_credentials and "*" in case.settings.cors_origins:
            sentence = "may not be * together with ULTRA_CORS_CREDENTIALS."
            yield self.finding("ULTRA_CORS_ORIGINS", sentence, "Name the origins.")
