"""Does anything leave this machine unencrypted, or stay near by unnoticed?"""

from collections.abc import Iterator

from ultra.checks.asked import is_ultra, providers
from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class UnsafeProviders(Check):
    """In production a provider is on loopback, at an address of a private network, or on plain http, unmarked."""

    name = "U032"
    title = "A provider is near by, or on plain http"
    why = (
        "Plain http shows keys, questions and answers to everybody on the way. A provider on loopback, or at an "
        "address of a private or link-local network, is most often a mock, a forgotten test server, or a way into what "
        "only this machine can reach."
    )
    mend = (
        "Use the https address. A neighbour that is meant (Ollama beside Ultra, a rehearsal) is marked in "
        "`ultra.toml`: `[[providers]]`, its `name`, and `private = true`. Names are not resolved here: only addresses "
        "that are written as such are judged."
    )
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if not case.is_production or case.toml is None:
            return
        for each in providers(case):
            if not (each.is_remote or each.is_mock or each.is_private or is_ultra(each, case)):
                mark = f'[[providers]] name = "{each.name}", private = true.'
                hint = f"In production a neighbour is marked in ultra.toml: {mark}"
                yield self.finding(each.setting, "is on loopback, a private network or plain http.", hint)
