"""Is it known who comes?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class UnknownClients(Check):
    """In production no proxy is trusted, although only a proxy can serve https."""

    name = "U058"
    title = "All clients come from the proxy's address"
    why = (
        "Everybody behind the proxy then shares one address: one limit for all, one guesser locks out all, "
        "and the audit says nothing."
    )
    mend = "Name the network of the reverse proxy in `ULTRA_TRUSTED_PROXIES`: `127.0.0.1/32` for one on this machine."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.is_production and not case.settings.trusted_proxies:
            sentence = "names nobody: all clients of a reverse proxy share its address and its limits."
            yield self.finding("ULTRA_TRUSTED_PROXIES", sentence, "Name the proxy's network, such as 127.0.0.1/32.")
