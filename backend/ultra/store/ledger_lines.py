"""Rows of the ledger as lines of the spool, and back."""

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, TypeAlias

import orjson

Row: TypeAlias = dict[str, Any]

_log = logging.getLogger(__name__)
_MOMENTS = ("at", "settled_at")
_AMOUNTS = ("reserved_usd", "cost_usd")


def to_line(row: Row) -> bytes:
    """Write a reservation or a settlement."""
    try:
        return orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half a surrogate pair, which only the slower codec writes
        return json.dumps(row, default=str).encode() + b"\n"


def from_line(line: bytes) -> Row:
    """Read it back; raises `ValueError` or `TypeError` for anything else."""
    row = json.loads(line)
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise TypeError("A row of the ledger has an id.")
    row |= {name: datetime.fromisoformat(row[name]) for name in _MOMENTS if row.get(name) is not None}
    row |= {name: Decimal(row[name]) for name in _AMOUNTS if row.get(name) is not None}
    return row


def batches(lines: Iterable[bytes], *, size: int, settled: bool | None = None) -> Iterator[dict[str, Row]]:
    """Read lines into rows by id, `size` lines at a time; what cannot be read is logged and left out.

    `settled` True takes settlements alone, False reservations alone, None all in their order.
    """
    wanted = (row for row in map(_read, lines) if row is not None and settled in (None, "at" not in row))
    while some := list(islice(wanted, size)):
        rows: dict[str, Row] = {}
        for row in some:
            rows[row["id"]] = rows.get(row["id"], {}) | row
        yield rows


def _read(line: bytes) -> Row | None:
    try:
        return from_line(line)
    except (ValueError, TypeError, ArithmeticError):
        _log.error("A line of %d bytes in the ledger's files cannot be read; it is left out.", len(line))
        return None
