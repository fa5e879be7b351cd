"""Is the way to the counter encrypted?"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import is_loopback
from ultra.domain.findings import Finding


class CounterEncryption(Check):
    """In production a Valkey or Redis server on another machine is asked without TLS."""

    name = "U043"
    title = "The way to Valkey or Redis is not encrypted"
    why = "Whoever is on the way can read its password, and raise or empty every limit."
    mend = "Use `rediss://`. In a network of your own that nobody else is in, this is for your information."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        url = case.settings.redis_url
        if not case.is_production or url is None or url.scheme != "redis":
            return
        if not is_loopback(urlsplit(url.reveal()).hostname or "localhost"):
            yield self.finding("REDIS_URL", "is asked without TLS.", "Use rediss://.")
