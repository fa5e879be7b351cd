"""`/api/audit`: who did what to whom, for administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from ultra.api.callers import House
from ultra.api.needs import needs
from ultra.domain.access import AuditRow
from ultra.domain.identity import Permission

router = APIRouter(tags=["audit"])

_MOST = (1 << 53) - 1
"""Every reader of JSON can write it, and every database can compare it."""


@router.get("/api/audit", summary="Who did what", openapi_extra=needs(Permission.AUDIT_READ))
async def audit(
    services: House,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: Annotated[int | None, Query(ge=1, le=_MOST, description="Only rows older than this number.")] = None,
    action: Annotated[str | None, Query(max_length=64)] = None,
    actor: Annotated[str | None, Query(max_length=64)] = None,
) -> dict[str, Any]:
    """Return rows of the audit, newest first; `next` is the number to go on before, null at the end."""
    rows = await services.access.stores.audit.page(limit=limit, before=before, action=action, actor=actor)
    return {"data": [_shown(row) for row in rows], "next": rows[-1].seq if len(rows) == limit else None}


def _shown(row: AuditRow) -> dict[str, Any]:
    entry = row.entry
    return {
        "seq": row.seq,
        "at": row.at.isoformat(),
        "action": entry.action,
        "outcome": entry.outcome,
        "actor": entry.actor,
        "credential": entry.credential,
        "target": entry.target,
        "address": entry.address,
        "request_id": entry.request_id,
        "facts": dict(entry.facts),
        "hash": row.hash,
    }
