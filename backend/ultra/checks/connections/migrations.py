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
        "Older tables are changed when the server starts, if `ULTRA_AUTO_MIGRATE` lets it; in production it does not, "
        "because another version may be at work on them and nobody has made a backup yet, and the start is refused. "
        "Newer or half changed ones are never touched."
    )
    mend = (
        "`ultra db upgrade` beforehand, after a backup. For newer tables start the version that wrote them, "
        "or restore a backup."
    )

    def find(self, case: Case, reached: Reached) -> Iterator[Finding]:
        """Yield what is wrong."""
        seen = reached.database
        if seen is None or seen.failure is not None:
            return
        if seen.conflict is not None:
            yield self.finding("DATABASE_URL", seen.conflict, "See `ultra db status`.")
        elif seen.pending:
            applies = case.settings.auto_migrate or seen.is_empty
            start = "the start applies them." if applies else "the start does not apply them, and is refused."
            sentence = f"lacks {len(seen.pending)} revisions, up to {seen.pending[-1]}: {start}"
            hint = "Back up, then run: ultra db upgrade" if not seen.is_empty else "Run: ultra db upgrade"
            yield self.finding("DATABASE_URL", sentence, hint, level="warning" if applies else "error")
