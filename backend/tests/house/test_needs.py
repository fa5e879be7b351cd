"""Every route of the application says what it asks of its caller, and asks it."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import Route

from ultra.app import create_app
from ultra.config import load
from ultra.domain.identity import Permission
from ultra.gate.guard import Guard

OPEN = {
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/health"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/api/auth/csrf"),
    ("GET", "/openapi.json"),
    ("GET", "/set-password"),
    ("GET", "/sign-in"),
    ("GET", "/.well-known/security.txt"),
    ("GET", "/static/ultra.css"),
    ("POST", "/api/auth/link"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/refresh"),
    ("POST", "/api/auth/reset"),
    ("POST", "/api/auth/revoke"),
    ("POST", "/api/auth/token"),
    ("POST", "/set-password"),
    ("POST", "/sign-in"),
}
"""What anybody may ask, and nothing else. Whoever adds a line here opens a door on purpose."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Make the application; nothing is opened."""
    loaded = load(environ={}, folder=tmp_path_factory.mktemp("app"))
    made: Any = create_app(loaded)
    found: FastAPI = made._others
    return found


def routes(app: FastAPI) -> list[tuple[str, str, Guard]]:
    """Return method, path and handler of every route."""
    found = []
    for route in app.routes:
        assert isinstance(route, Route), route
        assert isinstance(route.app, Guard), f"nothing guards {route.path}"
        found += [(method, route.path, route.app) for method in route.methods or ()]
    return found


def test_every_route_is_guarded_and_few_are_open(app: FastAPI) -> None:
    """Exactly the routes listed here ask for no permission."""
    found = {(method, path) for method, path, guard in routes(app) if guard._need.permission is None}
    assert {each for each in found if each[0] != "HEAD"} == OPEN
    assert {path for method, path in found if method == "HEAD"} == {path for method, path in OPEN if method == "GET"}


def test_head_asks_what_get_asks(app: FastAPI) -> None:
    """Both methods of an address have one and the same need."""
    needs = {(method, path): guard._need for method, path, guard in routes(app)}
    gets = {path: need for (method, path), need in needs.items() if method == "GET"}
    assert {path: need for (method, path), need in needs.items() if method == "HEAD"} == gets


def test_what_changes_something_is_no_read(app: FastAPI) -> None:
    """An unsafe method costs more than a read."""
    unsafe = [guard._need for method, _, guard in routes(app) if method not in ("GET", "HEAD")]
    assert all(need.cost not in ("read", "probe") for need in unsafe)


def test_what_changes_something_may_be_sent_again(app: FastAPI) -> None:
    """Every unsafe operation of the API with a caller heeds an Idempotency-Key, and so do completions."""
    unsafe = [(path, guard._need) for method, path, guard in routes(app) if method not in ("GET", "HEAD")]
    for path, need in unsafe:
        if need.permission is not None and path.startswith(("/api/", "/v1/")):
            assert need.idempotent, path
    assert {path for path, need in unsafe if need.shows_secret} == {
        "/api/keys",
        "/api/keys/{key_id}/rotate",
        "/api/users",
        "/api/users/{user_id}/reset",
    }


def test_production_opens_nothing_more(tmp_path: Path) -> None:
    """The description is off by default in production, and then needs a permission."""
    made: Any = create_app(load(environ={"ENVIRONMENT": "production"}, folder=tmp_path))
    found = {(method, path) for method, path, guard in routes(made._others) if guard._need.permission is None}
    assert {each for each in found if each[0] != "HEAD"} == OPEN - {("GET", "/docs"), ("GET", "/openapi.json")}
    assert not [path for _, path, _ in routes(made._others) if path in ("/docs", "/redoc", "/openapi.json")]
    shown: Any = create_app(load(environ={"ENVIRONMENT": "production", "ULTRA_API_DOCS": "true"}, folder=tmp_path))
    needs = {path: guard._need.permission for _, path, guard in routes(shown._others)}
    assert needs["/openapi.json"] is Permission.DOCS_READ
    assert "/docs" not in needs


def test_the_description_says_how_to_prove_who_one_is(app: FastAPI) -> None:
    """Each operation of the API names its permission, and asks for a credential unless it is open."""
    schema = app.openapi()
    assert set(schema["components"]["securitySchemes"]) == {"bearer", "apiKey", "session"}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            is_open = (method.upper(), path) in OPEN
            assert (operation["x-permission"] == "public") is is_open
            assert (operation["security"] == []) is is_open
