"""Would mock servers answer in production?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class MockServers(Check):
    """`ULTRA_MOCK_SERVERS` is true in production."""

    name = "U030"
    title = "Mock servers in production"
    why = "A mock looks healthy, costs nothing and makes up every answer."
    mend = (
        "Remove `ULTRA_MOCK_SERVERS` from the environment and from the files of production. A rehearsal names "
        "its servers by `ULTRA_OPENAI_BASE_URL` and the like, and marks them private."
    )
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production and case.settings.mock_servers:
            yield self.finding("ULTRA_MOCK_SERVERS", "may not be true in production.", "Remove it.")
