"""Does testing stay on this machine?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import is_loopback
from ultra.domain.findings import Finding


class TestingOffLoopback(Check):
    """In testing `ULTRA_HOST` is not a loopback address."""

    name = "U054"
    title = "Testing leaves this machine"
    why = "In testing a header can say who somebody is. Nobody else may be able to send it."
    mend = "Use `127.0.0.1`."
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.settings.environment == "testing" and not is_loopback(case.settings.host):
            yield self.finding("ULTRA_HOST", "must be a loopback address in testing.", "Use 127.0.0.1.")
