"""Is the test header honoured where it should be?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import vendors
from ultra.domain.findings import Finding


class TestHeaderUnheard(Check):
    """In testing the test header's secret is set beside a real key of a provider."""

    name = "U027"
    title = "The test header will not be honoured"
    why = (
        "Where a header can say who somebody is, no money may be at stake: with a real key at hand the header "
        "is ignored, and every test that sends it gets 401."
    )
    mend = "Remove the key from testing, or let mock servers stand in for that provider."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        settings = case.settings
        if settings.environment == "testing" and settings.test_mode_secret.is_set:
            for vendor in vendors(settings):
                if vendor.place != "mock" and vendor.api_key.is_set:
                    sentence = "is a real key: X-Test-Mode is not honoured beside it."
                    yield self.finding(vendor.api_key.name, sentence, "Remove it in testing.")
