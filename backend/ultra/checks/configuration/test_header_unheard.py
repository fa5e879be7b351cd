"""Is the test header honoured where it should be?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import live_keys
from ultra.domain.findings import Finding


class TestHeaderUnheard(Check):
    """In testing the test header's secret is set beside a real key of a provider."""

    name = "U027"
    title = "The test header will not be honoured"
    why = (
        "Where a header can say who somebody is, no money may be at stake: with a real key at hand, also one that mock "
        "servers keep from being used, the header is ignored, and every test that sends it gets 401."
    )
    mend = (
        "Remove the key from testing: mock servers need none. A key that is sent to a base URL on loopback is not "
        "a real one here."
    )
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        settings = case.settings
        if settings.environment == "testing" and settings.test_mode_secret.is_set:
            for key in live_keys(case.loaded, case.presets):
                yield self.finding(
                    key.name, "is a real provider's key: X-Test-Mode is not honoured beside it.", "Unset it in testing."
                )
