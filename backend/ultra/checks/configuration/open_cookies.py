"""Do cookies travel safely?"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import is_loopback
from ultra.domain.findings import Finding


class OpenCookies(Check):
    """Outside production `ULTRA_PUBLIC_ORIGIN` is plain http on another machine than one's own."""

    name = "U059"
    title = "Cookies cross the network readable"
    why = "Over plain http cookies are neither Secure nor `__Host-`: whoever is on the way can take a session over."
    mend = "Use https, also in development, once somebody else's machine is involved."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        origin = urlsplit(case.settings.public_origin or "")
        if not case.is_production and origin.scheme == "http" and not is_loopback(origin.hostname or ""):
            sentence = "is plain http: cookies can be read on the way."
            yield self.finding("ULTRA_PUBLIC_ORIGIN", sentence, "Use https, or localhost.")
