"""The audit in a list."""

from ultra.domain.access import AuditEntry, AuditRow
from ultra.store.chain import GENESIS, link
from ultra.system import System


class FakeAudit:
    """Keeps the promise of `Audit`; `rows` may be read, and spoiled, by a test."""

    def __init__(self, *, system: System) -> None:
        self.rows: list[AuditRow] = []
        self._system = system
        self._written = 0
        self._head = GENESIS

    @property
    def entries(self) -> list[AuditEntry]:
        """What was written, oldest first."""
        return [row.entry for row in self.rows]

    async def write(self, entry: AuditEntry) -> None:
        """Write an entry."""
        self.note(entry)

    def note(self, entry: AuditEntry) -> None:
        """Write an entry within a change."""
        self._written += 1
        at, seq = self._system.now(), self._written
        row = AuditRow(seq, at, entry, self._head, link(entry, seq=seq, at=at, previous=self._head))
        self.rows.append(row)
        self._head = row.hash

    async def page(
        self, *, limit: int, before: int | None, action: str | None, actor: str | None
    ) -> tuple[AuditRow, ...]:
        """Return rows, newest first."""
        found = [
            row
            for row in reversed(self.rows)
            if (before is None or row.seq < before)
            and (action is None or row.entry.action == action)
            and (actor is None or row.entry.actor == actor)
        ]
        return tuple(found[:limit])

    async def verify(self) -> int | None:
        """Check the chain."""
        previous = GENESIS
        for seq, row in enumerate(self.rows, start=1):
            whole = link(row.entry, seq=seq, at=row.at, previous=previous)
            if (row.seq, row.previous, row.hash) != (seq, previous, whole):
                return row.seq
            previous = row.hash
        return None if len(self.rows) == self._written else len(self.rows) + 1
