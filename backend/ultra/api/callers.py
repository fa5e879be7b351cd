"""What every route of the API is handed: the house, the caller, the request's name."""

from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from ultra.checks.watch import Watch
from ultra.desk.desk import Desk
from ultra.domain.identity import Principal
from ultra.services import Services


def _services(request: Request) -> Services:
    services: Services = request.state.services
    return services


def _principal(request: Request) -> Principal:
    principal: Principal = request.scope["ultra.principal"]
    return principal


def _request_id(request: Request) -> str:
    request_id: str = request.scope["ultra.request_id"]
    return request_id


def _facts(request: Request) -> dict[str, Any]:
    facts: dict[str, Any] = request.scope["ultra.facts"]
    return facts


def _desk(request: Request) -> Desk:
    desk: Desk = request.state.desk
    return desk


def _watch(request: Request) -> Watch:
    watch: Watch = request.state.watch
    return watch


House = Annotated[Services, Depends(_services)]
OnWatch = Annotated[Watch, Depends(_watch)]
AtDesk = Annotated[Desk, Depends(_desk)]
Caller = Annotated[Principal, Depends(_principal)]
RequestName = Annotated[str, Depends(_request_id)]
Facts = Annotated[dict[str, Any], Depends(_facts)]
"""What the log line of the request will say; whoever knows something adds it."""
