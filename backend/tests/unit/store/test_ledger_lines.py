"""Rows of the ledger survive being lines."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, strategies

from ultra.store.ledger_lines import batches, from_line, to_line

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ROW = {"id": "call_1", "at": AT, "reserved_usd": Decimal("0.0000000000001"), "run_id": None, "attempt": 1}
END = {"id": "call_1", "settled_at": AT, "cost_usd": None, "usage": {"input_total": 3}, "total_s": 0.25}


@pytest.mark.parametrize("row", [ROW, END, {"id": "call_2", "model": "half \ud800 a pair\nand a line"}])
def test_a_row_is_read_as_it_was_written(row: dict[str, object]) -> None:
    """To the microsecond and the last decimal, on one line."""
    line = to_line(row)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert from_line(line) == row


@given(amount=strategies.decimals(allow_nan=False, allow_infinity=False), text=strategies.text())
def test_any_amount_and_text_come_back(amount: Decimal, text: str) -> None:
    """Whatever was spent, on whatever."""
    row = {"id": "call_1", "cost_usd": amount, "upstream_request_id": text}
    assert from_line(to_line(row)) == row


def test_lines_become_batches() -> None:
    """A settlement joins its reservation; settlements alone, and reservations alone, can be asked for."""
    lines = [to_line(ROW), to_line(END), to_line({"id": "call_0", "settled_at": AT})]
    assert list(batches(lines, size=5)) == [{"call_1": ROW | END, "call_0": {"id": "call_0", "settled_at": AT}}]
    assert [list(each) for each in batches(lines, size=2)] == [["call_1"], ["call_0"]]
    assert list(batches(lines, size=5, settled=False)) == [{"call_1": ROW}]
    assert [list(each) for each in batches(lines, size=5, settled=True)] == [["call_1", "call_0"]]


def test_what_cannot_be_read_is_left_out_aloud(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing keeps the others from being read, and nothing of it is shown."""
    lines = [b"{\n", b"[]\n", b'{"id": 1}\n', b'{"id": "a", "at": "secret"}\n', to_line(ROW)]
    assert list(batches(lines, size=5)) == [{"call_1": ROW}]
    assert len(caplog.records) == 4
    assert "secret" not in caplog.text
