"""Is each secret used for one thing?"""

from collections.abc import Iterator
from urllib.parse import unquote

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.checks.strength import is_short, judged, parts, remedy
from ultra.domain.findings import Finding


class RepeatedSecrets(Check):
    """Two settings hold the same secret: one of them perhaps in a ring, or as a provider's key, or in an address."""

    name = "U024"
    title = "One secret is used twice"
    why = (
        "What leaks in one place then opens the other, and neither can be replaced alone. A secret of Ultra's that is "
        "also a provider's key, or a password, is told to somebody else with every request."
    )
    mend = "Generate one secret for each purpose."
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        seen: dict[str, str] = {}
        for reference, value in judged(case.settings):
            found = parts(reference.name, value) or ()
            for twin in sorted({seen[part] for part in found if part in seen}):
                yield self.finding(
                    reference.name, f"is the same secret as {twin}.", remedy(case.settings, reference.name)
                )
            seen |= dict.fromkeys(found, reference.name)
        ours = {secret: name for secret, name in seen.items() if not is_short(secret)}
        for name, value in _told_to_others(case):
            for twin in sorted({ours[secret] for secret in ours if secret in value}):
                yield self.finding(name, f"holds the same secret as {twin}.", remedy(case.settings, twin))


def _told_to_others(case: Case) -> Iterator[tuple[str, str]]:
    """Yield what is sent to providers, databases and whoever hears of alerts and traces, by name."""
    settings = case.settings
    vendors = (settings.openai_api_key, settings.anthropic_api_key, settings.gemini_api_key)
    keys = {each.name: each for each in (*vendors, *case.loaded.keys.values())}
    for reference in (*keys.values(), settings.otel_headers, settings.alert_urls):
        yield reference.name, reference.reveal() or ""
    yield "DATABASE_URL", unquote(settings.database_url.reveal())
    if settings.redis_url is not None:
        yield "REDIS_URL", unquote(settings.redis_url.reveal())
