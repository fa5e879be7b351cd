"""Does a provider's address hand out this machine's own credentials?"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from ultra.checks.asked import providers
from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import is_metadata_service
from ultra.domain.findings import Finding


class MetadataServices(Check):
    """A provider is asked at the address where a cloud tells a machine its own credentials."""

    name = "U037"
    title = "A provider is a metadata service"
    why = (
        "No model is served there. Whoever can make a server ask `169.254.169.254` reads the machine's credentials in "
        "the error that comes back, so it is refused in every environment, and no mark lifts that."
    )
    mend = "Name the provider's address."
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        for each in providers(case):
            if each.url is not None and is_metadata_service(urlsplit(each.url).hostname or ""):
                yield self.finding(each.setting, "is a cloud's metadata service.", "Name the provider's address.")
