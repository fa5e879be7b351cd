"""The HTTP application: middleware in order, routes, lifespan; no thought."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp

from ultra import __version__
from ultra.api import analyses, analyze, available_models, health, patterns
from ultra.config import Loaded
from ultra.desk.desk import Desk, set_up
from ultra.gate.access_log import AccessLog
from ultra.gate.body import Body
from ultra.gate.bypass import Bypass
from ultra.gate.departure import Departure
from ultra.gate.guard import TemporaryDoor
from ultra.gate.headers import SecurityHeaders
from ultra.gate.problems import Problems, refuse_fields, refuse_route
from ultra.gate.request_id import RequestId
from ultra.services import Services, build
from ultra.system import System
from ultra.telemetry import logs
from ultra.wire.chat_completions import ChatCompletions
from ultra.wire.models import model, models


class State(TypedDict):
    """What every request finds in `scope["state"]`."""

    services: Services
    desk: Desk


def create_app(loaded: Loaded, *, system: System | None = None) -> ASGIApp:
    """Return the application; nothing is opened before its lifespan begins."""
    clock = system or System()
    gate = _gate(loaded, clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        async with build(loaded, system=clock, serves=True) as services:
            yield {"services": services, "desk": set_up(services)}

    app = FastAPI(
        title="Ultra",
        version=__version__,
        summary="One door in front of many language models; one answer that says how far it can be trusted.",
        lifespan=lifespan,
        middleware=gate,
        redirect_slashes=False,
    )
    for entrance in (analyze, analyses, patterns, available_models, health):
        app.include_router(entrance.router)
    completions = ChatCompletions()
    app.router.routes += [
        Route("/v1/chat/completions", completions, methods=["POST"]),
        Route("/v1/models", models, methods=["GET"]),
        Route("/v1/models/{id:path}", model, methods=["GET"]),
    ]
    app.add_exception_handler(HTTPException, refuse_route)
    app.add_exception_handler(RequestValidationError, refuse_fields)
    return Bypass(app, routes={"/v1/chat/completions": _behind(gate, completions)})


def _behind(gate: Sequence[Middleware], app: ASGIApp) -> ASGIApp:
    for middleware in reversed(gate):
        app = middleware.cls(app, *middleware.args, **middleware.kwargs)
    return app


def _gate(loaded: Loaded, clock: System) -> list[Middleware]:
    """Return the gate from the socket inwards; the order is decided here and nowhere else."""
    settings = loaded.settings
    write = logs.request_writer(level=settings.log_level, form=settings.log_format, now=clock.now)
    return [
        Middleware(RequestId, system=clock),
        Middleware(AccessLog, system=clock, write=write),
        Middleware(SecurityHeaders),
        Middleware(Problems, show_internals=settings.environment != "production"),
        Middleware(TemporaryDoor),
        Middleware(Body, max_bytes=settings.max_body_bytes, max_seconds=30.0),
        Middleware(Departure),
    ]
