"""Is the database there?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.connection import Connection
from ultra.checks.reaching import Reached
from ultra.domain.findings import Finding


class DatabaseReached(Connection):
    """The database cannot be reached with the address, account and password of `DATABASE_URL`."""

    name = "U090"
    title = "The database cannot be reached"
    why = "Everything is kept there: without it no server starts."
    mend = (
        "Start it, or put the address, the account or the password right. The finding says as much as the server told."
    )

    def find(self, case: Case, reached: Reached) -> Iterator[Finding]:
        """Yield what is wrong."""
        del case
        if reached.database is not None and reached.database.failure is not None:
            hint = "Is it running, and are address, account, password and name right?"
            yield self.finding("DATABASE_URL", f"{reached.database.failure}.", hint)
