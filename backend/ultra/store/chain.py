"""How the rows of the audit hang together: each holds a hash over itself and the hash of the row before."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ultra.domain.access import AuditEntry

GENESIS = "0" * 64
"""What stands before the first row."""


def link(entry: AuditEntry, *, seq: int, at: datetime, previous: str) -> str:
    """Return the hash of a row: SHA-256 (hex) over canonical JSON (sorted members, no spaces, ASCII)."""
    row = {
        "seq": seq,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "action": entry.action,
        "outcome": entry.outcome,
        "actor": entry.actor,
        "credential": entry.credential,
        "target": entry.target,
        "address": entry.address,
        "request_id": entry.request_id,
        "facts": json.loads(_canonical(entry.facts)),  # as it comes back: names are text, sequences are lists
        "previous": previous,
    }
    return hashlib.sha256(_canonical(row).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON.")
