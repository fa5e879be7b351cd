"""Does anything leave this machine unencrypted, or stay on it unnoticed?"""

from collections.abc import Iterator

from ultra.checks.asked import providers
from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import is_own_address
from ultra.domain.findings import Finding


class UnsafeProviders(Check):
    """In production a provider is on loopback or plain http, and nobody has said that this is meant."""

    name = "U032"
    title = "A provider is on loopback or plain http"
    why = (
        "Plain http shows keys, questions and answers to everybody on the way. A provider on loopback is most "
        "often a mock or a forgotten test server."
    )
    mend = (
        "Use the https address. A neighbour that is meant (Ollama beside Ultra, a rehearsal) is marked in "
        "`ultra.toml`: `[[providers]]`, its `name`, and `private = true`."
    )
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if not case.is_production or case.toml is None:
            return
        for each in providers(case):
            if not (each.is_remote or each.is_mock or each.is_private or is_own_address(each.url or "", *_here(case))):
                mark = f'[[providers]] name = "{each.name}", private = true.'
                hint = f"In production a neighbour is marked in ultra.toml: {mark}"
                yield self.finding(each.setting, "is on loopback or plain http.", hint)


def _here(case: Case) -> tuple[str, int]:
    return case.settings.host, case.settings.port
