"""Does the database belong to this environment?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.connection import Connection
from ultra.checks.reaching import Reached
from ultra.domain.findings import Finding


class DatabaseOwner(Connection):
    """The database says that it belongs to another environment."""

    name = "U092"
    title = "The database belongs to another environment"
    why = (
        "The environment that first opened a database is written into it, and no other may use it: test "
        "accounts would be real ones."
    )
    mend = "Give each environment a `DATABASE_URL` of its own."

    def find(self, case: Case, reached: Reached) -> Iterator[Finding]:
        """Yield what is wrong."""
        stamp = reached.database.stamp if reached.database else None
        environment = case.settings.environment
        if stamp is not None and stamp != environment:
            yield self.finding("DATABASE_URL", f"belongs to {stamp}, and this is {environment}.", "Name another one.")
