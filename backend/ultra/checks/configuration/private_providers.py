"""Which providers are neighbours?"""

from collections.abc import Iterator

from ultra.checks.asked import providers
from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class PrivateProviders(Check):
    """In production a provider is marked private: it may be on loopback, a private network or plain http."""

    name = "U033"
    title = "A provider is marked private"
    why = "The mark lifts a protection, so it is shown wherever the configuration is judged."
    mend = "Nothing, if it is meant. Otherwise remove `private = true` from `ultra.toml`."
    level = "info"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        for each in providers(case) if case.is_production else ():
            if each.is_private:
                where = "is marked private" if each.is_remote else "is marked private, and asked without TLS or near by"
                yield self.finding(each.setting, f"{where}.", None)
