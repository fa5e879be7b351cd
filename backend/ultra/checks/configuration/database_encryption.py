"""Is the way to the database encrypted?"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, urlsplit

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.config import is_loopback
from ultra.domain.findings import Finding

_ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})


class DatabaseEncryption(Check):
    """In production a PostgreSQL server on another machine is asked without insisting on TLS."""

    name = "U041"
    title = "The way to the database is not encrypted"
    why = (
        "Questions, answers and the database's password cross the network readable, and whoever answers in "
        "its place is believed."
    )
    mend = (
        "Add `?sslmode=verify-full` to `DATABASE_URL` (`require` encrypts without proof of who answers). In a "
        "network of your own that nobody else is in, this is for your information."
    )
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        url = case.settings.database_url
        if not case.is_production or url.scheme not in ("postgresql", "postgres"):
            return
        parts = urlsplit(url.reveal())
        query = parse_qs(parts.query)
        host = query.get("host", [parts.hostname or ""])[0]
        is_near = not host or host.startswith("/") or is_loopback(host)
        if not is_near and query.get("sslmode", [""])[0] not in _ENCRYPTED:
            yield self.finding(
                "DATABASE_URL", "does not insist on TLS.", "Add ?sslmode=verify-full, or at least require."
            )
