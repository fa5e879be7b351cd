"""Is it alive, and can it serve? Cheap answers that never ask a vendor."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse

from ultra import __version__
from ultra.api.callers import House
from ultra.api.needs import PUBLIC, needs

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="The process is alive", openapi_extra=needs(PUBLIC, "probe", reserved=True))
async def live() -> dict[str, Any]:
    """Answer as long as the event loop turns; depends on nothing."""
    return {"status": "pass"}


@router.get("/ready", summary="It can serve", openapi_extra=needs(PUBLIC, reserved=True))
async def ready(services: House) -> JSONResponse:
    """Answer 200 when the store can be reached, else 503; providers do not count, they have their own breakers."""
    reachable = await services.database.is_reachable()
    return JSONResponse({"status": "pass" if reachable else "fail"}, status_code=200 if reachable else 503)


@router.get("", summary="One line about this server", openapi_extra=needs(PUBLIC))
async def health(services: House) -> dict[str, Any]:
    """Say which environment and version this is."""
    return {"status": "pass", "environment": services.settings.environment, "version": __version__}
