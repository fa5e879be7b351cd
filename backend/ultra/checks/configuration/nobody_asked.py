"""Is there anybody to ask?"""

from collections.abc import Iterator

from ultra.checks.asked import providers
from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class NobodyAsked(Check):
    """No provider can be asked: none has a key, and no mock stands in."""

    name = "U035"
    title = "No provider can be asked"
    why = "Ultra would start and answer every question with an error."
    mend = (
        "Set the key of a provider: `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` or `GEMINI_API_KEY`, or name a "
        "server of your own in `ultra.toml`."
    )
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        if case.toml is not None and not any(each.is_usable for each in providers(case)):
            hint = "Set OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY, or name a provider in ultra.toml."
            yield self.finding("providers", "none can be asked: no key is set.", hint)
