"""`/api/patterns`: what can be asked for."""

from typing import Any

from fastapi import APIRouter

from ultra.api.callers import House
from ultra.api.needs import needs
from ultra.desk.patterns import shown
from ultra.domain.identity import Permission

router = APIRouter(prefix="/api/patterns", tags=["patterns"])


@router.get("", summary="What can be asked for", openapi_extra=needs(Permission.PATTERNS_READ))
async def patterns(services: House) -> dict[str, Any]:
    """Return every pattern and every flow."""
    flows = [{"name": name, "summary": flow.summary} for name, flow in services.flows.items()]
    return {"data": [shown(lens) for lens in services.patterns.all()], "flows": flows}


@router.get("/{name}", summary="One pattern", openapi_extra=needs(Permission.PATTERNS_READ))
async def pattern(name: str, services: House) -> dict[str, Any]:
    """Return one pattern; the error for an unknown name lists the nearest ones."""
    return shown(services.patterns.get(name))
