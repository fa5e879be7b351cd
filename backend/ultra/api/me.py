"""`/api/me/data`: what is kept about the caller, to take away or to erase."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response

from ultra.api.callers import Caller, House
from ultra.api.needs import needs
from ultra.api.source import From
from ultra.domain.access import AuditEntry
from ultra.domain.errors import NotFound
from ultra.domain.identity import Permission, Principal

router = APIRouter(prefix="/api/me/data", tags=["my data"])


@router.get("", summary="Everything kept about me", openapi_extra=needs(Permission.DATA_EXPORT, "write"))
async def export(services: House, principal: Caller, source: From, response: Response) -> dict[str, Any]:
    """Return the caller's runs, sessions, keys, calls and audit rows; never a secret or a hash of one."""
    entry = _by(principal, source.entry("data.export", actor=principal.id, target=principal.id))
    data = await services.access.stores.personal.export(principal.id, entry)
    if data is None:
        raise NotFound("Nothing is kept about you.")
    response.headers["content-disposition"] = 'attachment; filename="ultra-data.json"'
    return data


@router.delete(
    "", status_code=204, summary="Erase my data", openapi_extra=needs(Permission.DATA_ERASE, "write", idempotent=True)
)
async def erase(services: House, principal: Caller, source: From) -> None:
    """Erase the content of the caller's runs and calls; sums and the audit stay, by id alone."""
    entry = _by(principal, source.entry("data.erase", actor=principal.id, target=principal.id))
    if await services.access.stores.personal.erase(principal.id, entry) is None:
        raise NotFound("Nothing is kept about you.")


def _by(principal: Principal, entry: AuditEntry) -> AuditEntry:
    return replace(entry, credential=principal.credential)
