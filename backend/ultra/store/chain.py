"""How the rows of the audit hang together: each holds a hash over itself and the hash of the row before."""

import hashlib
import json
from datetime import UTC, datetime

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
        "facts": dict(entry.facts),
        "previous": previous,
    }
    canonical = json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
