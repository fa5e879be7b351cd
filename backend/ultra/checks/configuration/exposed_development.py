"""Is development seen from outside?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import is_loopback
from ultra.domain.findings import Finding


class ExposedDevelopment(Check):
    """In development `ULTRA_HOST` is not a loopback address."""

    name = "U055"
    title = "Development is open to the network"
    why = (
        "Development prints a sign-in link, shows the API's description to everybody and says in errors what "
        "went wrong inside."
    )
    mend = "Use `127.0.0.1`, or run `production` where others are meant to come."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.settings.environment == "development" and not is_loopback(case.settings.host):
            sentence = "opens development to the network."
            yield self.finding("ULTRA_HOST", sentence, "Use 127.0.0.1, or ENVIRONMENT=production.")
