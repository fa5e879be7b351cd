"""Has each environment a database of its own?"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class BorrowedDatabase(Check):
    """The database is that of another environment: named in its file, or a SQLite file that it wrote."""

    name = "U045"
    title = "The database of another environment"
    why = (
        "Test accounts would be real ones, and a test run could empty what production needs. A database "
        "belongs to one environment for ever, so the start is refused."
    )
    mend = "Give each environment a `DATABASE_URL` of its own."
    moment = "ahead"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        settings = case.settings
        mine = _place(settings.database_url.reveal(), case.folder)
        named = {other: values.get("DATABASE_URL") for other, values in case.elsewhere().items()}
        owners: set[str] = {other for other, url in named.items() if url and _place(url, case.folder) == mine}
        stamp = _stamp(mine) if settings.database_url.scheme == "sqlite" else None
        owners |= {stamp} if stamp else set()
        for other in sorted(owners - {settings.environment}):
            yield self.finding("DATABASE_URL", f"is the database of the {other} environment.", "Name another one.")


def _place(url: str, folder: Path) -> str:
    """Return where a database is, whoever asks: host, port and name, or the path of a file."""
    scheme, _, path = url.partition(":///")
    if scheme.startswith("sqlite"):
        return str(folder / path.partition("?")[0])
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return f"{host}:{parts.port or 5432}{parts.path}"


def _stamp(path: str) -> str | None:
    """Return the environment that a SQLite file says it belongs to; nothing is written, nor waited for."""
    try:
        with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=ro&immutable=1", uri=True)) as file:
            found = file.execute("SELECT value FROM stamp WHERE name = 'environment'").fetchone()
    except (sqlite3.Error, ValueError):
        return None
    return str(found[0]) if found else None
