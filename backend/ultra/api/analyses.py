"""`/api/analyses`: the caller's runs, one by one and as a history."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from ultra.api.callers import AtDesk, Caller, House
from ultra.api.journals import JournalResponse
from ultra.api.needs import needs
from ultra.api.notation import Cursor
from ultra.api.source import From
from ultra.desk.results import summary
from ultra.domain.analysis import RunStatus
from ultra.domain.errors import InvalidRequest
from ultra.domain.identity import Permission

router = APIRouter(prefix="/api/analyses", tags=["runs"])


@router.get("", summary="History", openapi_extra=needs(Permission.RUNS_READ))
async def history(
    desk: AtDesk,
    principal: Caller,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Cursor | None = None,
    status: RunStatus | None = None,
    q: Annotated[str | None, Query(max_length=200, description="Text to find in the prompt.")] = None,
) -> dict[str, Any]:
    """Return the caller's runs, newest first; `next` is the cursor of the following page, null at the end."""
    page = await desk.runs.page(principal, limit=limit, cursor=cursor, status=status, search=q)
    return {"data": [summary(run) for run in page.runs], "next": page.next}


@router.get("/{run_id}", summary="One run", openapi_extra=needs(Permission.RUNS_READ))
async def read(run_id: str, desk: AtDesk, principal: Caller) -> dict[str, Any]:
    """Return a run with its answers, as far as it is."""
    return await desk.runs.result(principal, run_id)


@router.delete(
    "/{run_id}",
    status_code=204,
    summary="Forget a run",
    openapi_extra=needs(Permission.RUNS_DELETE, "write", idempotent=True),
)
async def delete(run_id: str, desk: AtDesk, principal: Caller, source: From) -> None:
    """Remove a finished run and its events for good."""
    await desk.runs.delete(principal, run_id, source=source)


@router.post(
    "/{run_id}/cancel",
    status_code=202,
    summary="Stop a run",
    openapi_extra=needs(Permission.RUNS_CREATE, "write", idempotent=True),
)
async def cancel(run_id: str, desk: AtDesk, principal: Caller) -> dict[str, Any]:
    """Stop a run; its open calls are closed, what it has is kept."""
    return summary(await desk.runs.cancel(principal, run_id))


@router.get(
    "/{run_id}/events",
    summary="The journal as it is written",
    status_code=200,
    response_class=JournalResponse,
    openapi_extra=needs(Permission.RUNS_READ),
)
async def events(
    run_id: str,
    services: House,
    desk: AtDesk,
    principal: Caller,
    last_event_id: Annotated[str | None, Header(json_schema_extra={"pattern": r"^\d{1,9}$"})] = None,
) -> Response:
    """Stream the run's journal; `Last-Event-ID` resumes after that event."""
    await desk.runs.get(principal, run_id)
    return JournalResponse(desk, services.system, principal, run_id, after=_position(last_event_id), headers={})


def _position(last_event_id: str | None) -> int:
    if last_event_id is None:
        return 0
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 9):
        raise InvalidRequest("Last-Event-ID must be the id of an event of this run.", param="Last-Event-ID")
    return int(last_event_id)
