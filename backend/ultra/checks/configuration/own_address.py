"""Would Ultra call itself?"""

from collections.abc import Iterator

from ultra.checks.asked import is_ultra, providers
from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class OwnAddress(Check):
    """A provider is asked where Ultra itself listens, or at its own public address (`ULTRA_PUBLIC_ORIGIN`)."""

    name = "U031"
    title = "Ultra is its own provider"
    why = (
        "An exported base URL that was meant for a client of Ultra would make Ultra call itself, and each "
        "call another one."
    )
    mend = (
        "Name the provider's address, or unset the variable. If the provider really is on this port of this "
        "machine, let Ultra listen on another one (`ULTRA_PORT`)."
    )
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        for each in providers(case):
            if is_ultra(each, case):
                sentence = "is Ultra's own address: it would call itself."
                yield self.finding(each.setting, sentence, "Name the provider's.")
