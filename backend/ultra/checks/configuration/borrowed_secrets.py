"""Are the secrets of production its own?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.checks.strength import parts, remedy
from ultra.config import SecretRef, guarding
from ultra.domain.findings import Finding


class BorrowedSecrets(Check):
    """In production a secret is also in the file of another environment."""

    name = "U025"
    title = "A secret of another environment"
    why = (
        "Development secrets lie on laptops, in shells and in test runs. A token signed there would be good "
        "here, and a test that runs wild would spend production's money."
    )
    mend = (
        "Generate a secret of its own for production, and make a key of its own at each provider: it can then "
        "be limited and replaced alone. Development and testing need no keys where mock servers answer."
    )
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if not case.is_production:
            return
        for environment, values in case.elsewhere().items():
            theirs = {part for name, value in values.items() for part in parts(name, value) or (value,) if part}
            for each in guarding(case.settings):
                if theirs.intersection(_own(each)):
                    yield self.finding(
                        each.name, f"is the secret of the {environment} environment.", remedy(case.settings, each.name)
                    )
            for each in _keys(case):
                if theirs.intersection(_own(each)):
                    hint = f"Make one for production at the provider, or remove it from .env.{environment}.local."
                    yield self.finding(each.name, f"is the key of the {environment} environment, too.", hint)


def _own(reference: SecretRef) -> tuple[str, ...]:
    value = reference.reveal()
    return () if value is None else parts(reference.name, value) or (value,)


def _keys(case: Case) -> list[SecretRef]:
    settings = case.settings
    return [settings.openai_api_key, settings.anthropic_api_key, settings.gemini_api_key, *case.loaded.keys.values()]
