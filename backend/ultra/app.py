"""The HTTP application: the gate in order, routes with what each asks, lifespan; no thought."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Scope

from ultra import __version__
from ultra.api import (
    analyses,
    analyze,
    audit,
    auth,
    available_models,
    health,
    keys,
    me,
    metrics,
    patterns,
    usage,
    users,
)
from ultra.api.docs import described, docs_routes
from ultra.checks.watch import Watch, checks_of, watch_over
from ultra.config import Loaded, Settings
from ultra.desk.desk import Desk, set_up
from ultra.domain.access import Idempotency
from ultra.domain.identity import Permission
from ultra.domain.ports import Observer
from ultra.domain.tracing import Tracing
from ultra.gate.access_log import AccessLog
from ultra.gate.admission import Admission, Room
from ultra.gate.body import Body, BodyCaps
from ultra.gate.bypass import Bypass
from ultra.gate.client_address import ClientAddress
from ultra.gate.cors import Cors
from ultra.gate.declared import Guarded, guarded, reserved_paths
from ultra.gate.departure import Departure
from ultra.gate.flooding import Flooding
from ultra.gate.guard import Guard
from ultra.gate.headers import SecurityHeaders
from ultra.gate.hosts import Hosts
from ultra.gate.idempotency import Repeats
from ultra.gate.keepers import Keepers, keepers_of
from ultra.gate.need import Need
from ultra.gate.problems import Problems, refuse_fields
from ultra.gate.reporting import Reporting
from ultra.gate.request_id import RequestId
from ultra.gate.scrape_port import ScrapePort
from ultra.gate.strays import Strays
from ultra.gate.threshold import Threshold
from ultra.gate.tracing import Traced
from ultra.gate.vigil import Vigil, Watched
from ultra.services import Services, build
from ultra.system import System
from ultra.telemetry import logs
from ultra.telemetry.declarations import IN_PROGRESS
from ultra.web import passwords, sign_in
from ultra.web.refusals import refusal
from ultra.web.security_txt import security_txt
from ultra.wire.chat_completions import ChatCompletions
from ultra.wire.models import model, models

House = Callable[..., AbstractAsyncContextManager[Services]]
"""Builds a house: `services.build`."""

_COMPLETIONS = "/v1/chat/completions"
_COMPLETE = Need(Permission.COMPLETIONS_CREATE, "completion", idempotent=True)
_BODY_S = 30.0
_PROBES = ("/health/live", "/health/ready")


class State(TypedDict):
    """What every request finds in `scope["state"]`."""

    services: Services
    desk: Desk
    keepers: Keepers
    watch: Watch


def create_app(loaded: Loaded, *, system: System | None = None, house: House = build) -> ASGIApp:
    """Return the application; nothing is opened before its lifespan begins.

    Raises `Undeclared` for a route that does not say what it asks of its caller.
    """
    clock = system or System()
    most = loaded.settings.max_concurrency
    room = Room(most=most, reserved=max(1, most // 20))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        async with (
            house(loaded, system=clock, serves=True) as services,
            Vigil(standing=services.access.authenticator, system=clock) as vigil,
            watch_over(services) as watch,
        ):
            services.instruments.metrics.watch(IN_PROGRESS, lambda: room.present)
            services.reloading.afterwards(lambda: watch.replace_checks(checks_of(services)))
            keepers = _keepers(services, vigil)
            yield {"services": services, "desk": set_up(services), "keepers": keepers, "watch": watch}

    app = FastAPI(
        title="Ultra",
        version=__version__,
        summary="One door in front of many language models; one answer that says how far it can be trusted.",
        lifespan=lifespan,
        redirect_slashes=False,
        openapi_url=None,
    )
    longest_run_s = loaded.settings.run_max_deadline_s
    app.openapi = lambda: described(app, longest_run_s=longest_run_s)  # type: ignore[method-assign]  # the framework's own way to replace it
    routes = _routes(app, loaded.settings)
    flooding = Flooding(system=clock)
    inner = _inner_gate(loaded.settings, clock, flooding)
    app.router.routes = list(guarded(routes, inner))
    outer = _outer_gate(loaded.settings, clock, routes, room)
    app.user_middleware[:0] = outer
    app.add_exception_handler(HTTPException, Strays(flooding=flooding).refuse)
    app.add_exception_handler(RequestValidationError, refuse_fields)
    served = Bypass(app, routes={_COMPLETIONS: _behind(outer, inner(ChatCompletions(), _COMPLETE))})
    port = loaded.settings.metrics_port
    return served if port is None else ScrapePort(served, port=port, scraped=metrics.scraped)


def _behind(gate: Sequence[Middleware], app: ASGIApp) -> ASGIApp:
    for middleware in reversed(gate):
        app = middleware.cls(app, *middleware.args, **middleware.kwargs)
    return app


def _routes(app: FastAPI, settings: Settings) -> Sequence[BaseRoute]:
    """Return every route; what each asks of its caller stands beside it, here or in its own file."""
    entrances = (analyze, analyses, patterns, available_models, health, auth, keys, users, audit, usage, me, metrics)
    read_models = Need(Permission.MODELS_READ)
    anybody = Need(None)
    come_in = Need(None, "sign_in", csrf="sign_in_form", reserved=True)
    leave = Need(Permission.SELF_READ, "write", csrf="form")
    docs = anybody if settings.environment != "production" else Need(Permission.DOCS_READ)
    page = settings.environment != "production"
    return [
        Guarded(_COMPLETIONS, ChatCompletions(), methods=["POST"], need=_COMPLETE),
        Guarded("/v1/models", models, methods=["GET"], need=read_models),
        Guarded("/v1/models/{id:path}", model, methods=["GET"], need=read_models),
        *(route for entrance in entrances for route in entrance.router.routes),
        *(docs_routes(app, need=docs, with_page=page) if settings.api_docs else ()),
        Guarded("/", sign_in.front, methods=["GET"], need=Need(None, greets=True)),
        Guarded("/sign-in", sign_in.show, methods=["GET"], need=anybody),
        Guarded("/sign-in", sign_in.sign_in, methods=["POST"], need=come_in),
        Guarded("/set-password", passwords.show, methods=["GET"], need=anybody),
        Guarded("/set-password", passwords.set_password, methods=["POST"], need=come_in),
        Guarded("/sign-out", sign_in.sign_out, methods=["POST"], need=leave),
        Guarded("/.well-known/security.txt", security_txt, methods=["GET"], need=anybody),
        Guarded("/static/ultra.css", sign_in.style, methods=["GET"], need=anybody),
    ]


def _outer_gate(settings: Settings, clock: System, routes: Sequence[BaseRoute], room: Room) -> list[Middleware]:
    """Return what every request passes, from the socket inwards; the order is decided here and nowhere else."""
    is_production = settings.environment == "production"
    is_testing = settings.environment == "testing"
    return [
        Middleware(RequestId, system=clock),
        Middleware(ClientAddress, trusted=settings.trusted_proxies),
        *(() if settings.otel_endpoint is None else (Middleware(Traced, tracing=_tracing),)),
        Middleware(
            AccessLog,
            system=clock,
            write=logs.request_writer(level=settings.log_level, form=settings.log_format, now=clock.now),
            observer=_observer,
        ),
        Middleware(SecurityHeaders, https_only=is_production, environment="testing" if is_testing else None),
        Middleware(Problems, show_internals=not is_production, page=refusal),
        Middleware(Reporting, system=clock),
        Middleware(Hosts, public_origin=settings.public_origin, bound=settings.host, open_paths=_PROBES),
        Middleware(Cors, origins=settings.cors_origins, credentials=settings.cors_credentials),
        Middleware(
            Admission,
            room=room,
            reserved_paths=reserved_paths(routes),
            honours_test_mode=is_testing,
        ),
    ]


def _inner_gate(settings: Settings, clock: System, flooding: Flooding) -> Callable[[ASGIApp, Need], ASGIApp]:
    """Return what stands before each route once it is found: guard, vigil, threshold, body, repeats, departure."""

    def wrap(route: ASGIApp, need: Need) -> ASGIApp:
        caps = BodyCaps(max_bytes=need.most_bytes(settings.max_body_bytes), max_seconds=_BODY_S)
        app: ASGIApp = Departure(route)
        if need.idempotent:
            app = Repeats(
                app,
                store=_idempotency,
                caps=caps,
                finishes=need.cost != "completion",
                shows_secret=need.shows_secret,
                system=clock,
            )
        body = Body(app, caps=caps, reads_form=need.reads_form)
        work = Threshold(body, is_closed=_is_closed) if need.cost in ("completion", "run") else body
        watched = Watched(work, vigil=_vigil, at_once=need.cost not in ("write", "sign_in"))
        return Guard(watched, need=need, caps=caps, flooding=flooding, system=clock)

    return wrap


def _vigil(scope: Scope) -> Vigil:
    return keepers_of(scope).vigil


def _idempotency(scope: Scope) -> Idempotency:
    services: Services = scope["state"]["services"]
    return services.access.stores.idempotency


def _tracing(scope: Scope) -> Tracing:
    services: Services = scope["state"]["services"]
    tracing = services.instruments.tracing
    if tracing is None:
        raise RuntimeError("Whoever sets an endpoint opens what traces.")
    return tracing


def _observer(scope: Scope) -> Observer:
    services: Services = scope["state"]["services"]
    return services.instruments.observer


def _is_closed(scope: Scope) -> bool:
    services: Services = scope["state"]["services"]
    return services.presence.is_closed


def _keepers(services: Services, vigil: Vigil) -> Keepers:
    """Return whom the gate asks."""
    access = services.access
    return Keepers(
        authenticator=access.authenticator,
        csrf=access.csrf,
        limiter=access.limiter,
        policy=access.limits,
        refusals=access.refusals,
        vigil=vigil,
    )
