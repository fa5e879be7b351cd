"""Is it known under which address browsers and clients come?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class PublicOrigin(Check):
    """In production `ULTRA_PUBLIC_ORIGIN` is missing or not https."""

    name = "U050"
    title = "No https address"
    why = (
        "Cookies are `__Host-` and Secure only over https, requests of other sites are told from one's own by "
        "it, and no other Host is answered."
    )
    mend = (
        "Set it to the address that people type, such as `https://ultra.example`. A reverse proxy ends TLS "
        "before Ultra."
    )

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        origin = case.settings.public_origin
        if case.is_production and (origin is None or not origin.startswith("https://")):
            sentence = "is not set." if origin is None else "is not https."
            hint = "Name the https address that browsers and clients use."
            yield self.finding("ULTRA_PUBLIC_ORIGIN", sentence, hint)
