"""A ledger in a list."""

from dataclasses import dataclass

from ultra.domain.ports import LedgerEntry, Settlement


@dataclass(slots=True)
class Row:
    """One upstream call; `settlement` is None while it runs."""

    entry: LedgerEntry
    settlement: Settlement | None = None


class FakeLedger:
    """Keeps rows in the order of reservation; a second settlement or one without reservation is a mistake."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def reserve(self, entry: LedgerEntry) -> None:
        """Write down that a call is about to be made."""
        assert all(row.entry.id != entry.id for row in self.rows), f"{entry.id} was reserved before"
        self.rows.append(Row(entry))

    def settle(self, settlement: Settlement) -> None:
        """Write down how it ended."""
        (row,) = [row for row in self.rows if row.entry.id == settlement.entry_id]
        assert row.settlement is None, f"{settlement.entry_id} was settled before"
        row.settlement = settlement

    @property
    def open_rows(self) -> list[Row]:
        """Calls reserved and not settled yet."""
        return [row for row in self.rows if row.settlement is None]

    @property
    def settlements(self) -> list[Settlement]:
        """How calls ended, in the order of reservation."""
        return [row.settlement for row in self.rows if row.settlement is not None]
