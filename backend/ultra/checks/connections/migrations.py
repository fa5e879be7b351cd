"""Do the tables fit this program?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.connection import Connection
from ultra.checks.reaching import Reached
from ultra.domain.findings import Finding


class Migrations(Connection):
    """The tables are not those of this version: older, newer, or half changed."""

    name = "U091"
    title = "The tables are of another version"
    why = (
        "Older tables are changed when the server starts, which takes a moment and cannot be undone without "
        "`ultra db downgrade`. Newer or half changed ones are not touched: the start is refused."
    )
    mend = (
        "`ultra db upgrade` beforehand, after a backup. For newer tables start the version that wrote them, "
        "or restore a backup."
    )

    def find(self, case: Case, reached: Reached) -> Iterator[Finding]:
        """Yield what is wrong."""
        del case
        seen = reached.database
        if seen is None or seen.failure is not None:
            return
        if seen.conflict is not None:
            yield self.finding("DATABASE_URL", seen.conflict, "See `ultra db status`.")
        elif seen.pending:
            sentence = f"lacks {len(seen.pending)} revisions, up to {seen.pending[-1]}: the start applies them."
            yield self.finding("DATABASE_URL", sentence, "Back up, then run: ultra db upgrade", level="warning")
