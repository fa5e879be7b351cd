"""`/api/usage` and `/api/requests/{id}`: what was spent, and what happened to one request."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from ultra.api.callers import Caller, House
from ultra.api.needs import needs
from ultra.api.notation import Moment
from ultra.domain.errors import Forbidden, NotFound
from ultra.domain.identity import Permission
from ultra.domain.records import decimal_to_json
from ultra.store.requests import RequestRecord, UsageRow

router = APIRouter(tags=["spending"])

_MONTH = timedelta(days=30)
_FIRST = datetime.min.replace(tzinfo=UTC)
"""The calendar has a beginning, and its first month has no month before it."""


@router.get("/api/usage", summary="Spend and tokens", openapi_extra=needs(Permission.USAGE_READ))
async def usage(
    services: House,
    principal: Caller,
    by: Literal["model", "key", "user", "day"] = "model",
    scope: Annotated[Literal["mine", "all"], Query(description="`all` needs usage:read-all.")] = "mine",
    since: Moment | None = None,
    until: Moment | None = None,
) -> dict[str, Any]:
    """Return sums by model, key, user or day (UTC) of the last thirty days, or of the time asked for.

    Calls under way are among `calls` and counted as `open`, with `open_usd` what they may cost at most. What other
    workers did in the last fifth of a second may be missing.
    """
    if scope == "all" and not principal.may(Permission.USAGE_READ_ALL):
        raise Forbidden("Only operators see what others spend.", code="insufficient_scope")
    end = until or services.system.now()
    begin = since or end - min(_MONTH, end - _FIRST)
    whose = None if scope == "all" else principal.id
    rows = await services.access.stores.requests.usage(by=by, since=begin, until=end, principal=whose)
    return {"by": by, "since": begin.isoformat(), "until": end.isoformat(), "data": [_sum(row) for row in rows]}


@router.get(
    "/api/requests/{request_id}",
    summary="What happened to one request of mine",
    openapi_extra=needs(Permission.REQUESTS_READ),
)
async def request(request_id: str, services: House, principal: Caller) -> dict[str, Any]:
    """Return the upstream calls of a request, with route, attempts, cost and errors; `open` while one is under way."""
    found = await services.access.stores.requests.get(request_id, principal=principal.id)
    if found is None:
        raise NotFound("There is no such request.", hint="Its id is in the X-Request-ID header of the answer.")
    return _record(found)


def _sum(row: UsageRow) -> dict[str, Any]:
    return {**asdict(row), "cost_usd": decimal_to_json(row.cost_usd), "open_usd": decimal_to_json(row.open_usd)}


def _record(found: RequestRecord) -> dict[str, Any]:
    attempts = [
        {**asdict(each), "at": each.at.isoformat(), "cost_usd": decimal_to_json(each.cost_usd)}
        for each in found.attempts
    ]
    record = {**asdict(found), "at": found.at.isoformat(), "cost_usd": decimal_to_json(found.cost_usd)}
    return {**record, "attempts": attempts}
