"""A route says what it asks, or is not served."""

import pytest
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp

from tests.fakes.asgi import Exchange
from ultra.api.needs import PUBLIC, needs
from ultra.domain.identity import Permission
from ultra.gate.declared import Guarded, Undeclared, guarded, need_of, reserved_paths
from ultra.gate.need import Need

router = APIRouter(prefix="/things")


@router.get("", openapi_extra=needs(Permission.RUNS_READ))
async def read() -> dict[str, int]:
    """Return something."""
    return {"one": 1}


@router.post("", openapi_extra=needs(PUBLIC, "sign_in", csrf="program", reserved=True))
async def begin() -> dict[str, int]:
    """Return something."""
    return {"two": 2}


def wrapper(wrapped: list[Need]):
    """Return a guard that lets everybody in and remembers what it stands for."""

    def wrap(app: ASGIApp, need: Need) -> ASGIApp:
        wrapped.append(need)
        return app

    return wrap


def test_a_declaration_is_read_back_as_it_was_made() -> None:
    """What stands in the API's description is the whole need."""
    assert [need_of(route) for route in router.routes] == [
        Need(Permission.RUNS_READ),
        Need(None, "sign_in", csrf="program", reserved=True),
    ]
    assert reserved_paths(router.routes) == {"/things"}


@pytest.mark.parametrize("need", [Need(permission) for permission in Permission] + [Need(None, "probe")])
def test_every_permission_can_be_declared(need: Need) -> None:
    """Both kinds of route carry it, and only open ones need no credential in the description."""
    extra = needs(need.permission, need.cost)
    assert (extra["security"] == []) == (need.permission is None)
    assert need_of(Guarded("/x", read, methods=["GET"], need=need)) == need


@pytest.mark.parametrize(
    "route",
    [
        Route("/x", read),
        Mount("/x", app=read),
        APIRouter().websocket_route("/x"),
    ],
)
def test_a_route_that_says_nothing_is_refused(route: BaseRoute) -> None:
    """Nothing is served by accident: no plain route, no mount, nothing else."""
    with pytest.raises(Undeclared):
        list(guarded([route], wrapper([])))


def test_a_router_of_the_framework_is_refused_without_a_declaration() -> None:
    """Forgetting the permission is an error at the start, not an open door."""
    forgetful = APIRouter()
    forgetful.add_api_route("/open", read)
    with pytest.raises(Undeclared, match="/open"):
        list(guarded(forgetful.routes, wrapper([])))


def test_head_stands_behind_the_guard_of_get() -> None:
    """Each GET has a HEAD with the same need; what is declared at import stays as it was."""
    wrapped: list[Need] = []
    routes = list(guarded([*router.routes, Guarded("/y", read, methods=["GET"], need=Need(None))], wrapper(wrapped)))
    assert [(route.path, sorted(route.methods)) for route in routes] == [
        ("/things", ["GET"]),
        ("/things", ["HEAD"]),
        ("/things", ["POST"]),
        ("/y", ["GET"]),
        ("/y", ["HEAD"]),
    ]
    assert wrapped[0] == wrapped[1] == Need(Permission.RUNS_READ)
    assert router.routes[0].methods == {"GET"}
    assert routes[0].app is router.routes[0].app


async def test_head_of_a_stream_ends() -> None:
    """A route that would never end is left as soon as it has said its headers."""
    left = []

    async def endless(scope, receive, send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"1")]})
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        finally:
            left.append(True)

    class Endless:
        async def __call__(self, scope, receive, send) -> None:
            await endless(scope, receive, send)

    _, head = guarded([Guarded("/y", Endless(), methods=["GET"], need=Need(None))], wrapper([]))
    exchange = Exchange("HEAD", "/y")
    await exchange(head.app)
    assert (exchange.status, exchange.answer, exchange.answer_headers, left) == (200, b"", {"x-a": "1"}, [True])


def test_a_guarded_route_says_which_one_it_was() -> None:
    """Whoever counts and logs names its pattern, not the path that somebody sent."""

    async def endpoint(request: Request) -> Response:
        return Response(request.url.path)

    route = Guarded("/models/{name:path}", endpoint, methods=["GET"], need=Need(Permission.MODELS_READ))
    match, found = route.matches({"type": "http", "method": "GET", "path": "/models/a/b"})
    assert (match, found["route"].path) == (Match.FULL, "/models/{name:path}")
    assert route.matches({"type": "http", "method": "GET", "path": "/other"})[0] is Match.NONE
