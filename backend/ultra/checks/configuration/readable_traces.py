"""Can somebody on the way read what opens the collector?"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import is_loopback
from ultra.domain.findings import Finding


class ReadableTraces(Check):
    """`ULTRA_OTEL_HEADERS` are sent to an `ULTRA_OTEL_ENDPOINT` that is plain http and not on this machine."""

    name = "U062"
    title = "The collector's key crosses the network readable"
    why = "Whoever is on the way can send the collector what they like, and read what it may be read with."
    mend = "Use https for the collector, or run one beside Ultra that passes traces on."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is readable."""
        settings = case.settings
        if settings.otel_endpoint is None or not settings.otel_headers.is_set:
            return
        parts = urlsplit(settings.otel_endpoint)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            yield self.finding("ULTRA_OTEL_ENDPOINT", "takes headers over plain http.", "Use https.")
