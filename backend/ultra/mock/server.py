"""The mock as an application, and as a server on a loopback port beside whatever else the event loop runs."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from ultra.domain.models import ListedModel
from ultra.mock.anthropic import AnthropicWire
from ultra.mock.control import Control
from ultra.mock.gemini import GeminiWire
from ultra.mock.log import RequestLog
from ultra.mock.openai import OpenAIWire
from ultra.mock.pace import INSTANT, Pace
from ultra.mock.reception import Desk
from ultra.mock.routes import anthropic_routes, gemini_routes, openai_routes
from ultra.mock.script import Script
from ultra.mock.transport import MockProtocol
from ultra.mock.wire import Wire
from ultra.system import System

BASE_PATHS: Mapping[str, str] = {"openai": "/openai/v1", "anthropic": "/anthropic", "gemini": "/gemini"}
"""What a client's base URL ends in, by provider."""

_GRACE_S = 2.0

Application: TypeAlias = ASGIApp
"""What can be served: the mock, a recorder or a replayer."""


def base_path(provider: str) -> str:
    """Return what a client's base URL for a provider ends in; any other provider speaks OpenAI's wire."""
    return BASE_PATHS.get(provider, f"/{provider}/v1")


def create_mock(
    *,
    system: System,
    seed: str,
    models: Mapping[str, Sequence[ListedModel | str]],
    pace: Pace = INSTANT,
) -> Starlette:
    """Return the application. `models` lists each provider's models; a provider that is no vendor speaks OpenAI's wire.

    A model that is not listed is a 404, except `mock-<scenario>`, which is never listed and always answers.
    """
    control = Control(log=RequestLog(monotonic=system.monotonic))
    script = Script(seed=seed)
    routes: list[BaseRoute] = [Route("/", _welcome), *control.routes()]
    for provider in dict.fromkeys((*BASE_PATHS, *models)):
        desk = Desk(
            wire=_wire(provider),
            provider=provider,
            models=[_listed(each) for each in models.get(provider, ())],
            system=system,
            script=script,
            control=control,
            pace=pace,
        )
        match provider:
            case "anthropic":
                routes.append(anthropic_routes(desk))
            case "gemini":
                routes.append(gemini_routes(desk))
            case _:
                routes.append(openai_routes(desk))
    return Starlette(routes=routes)


@asynccontextmanager
async def serve(
    app: Application, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve an application in the running event loop; yields `http://host:port`. Port 0 is any free one.

    With `tls`, a context that holds a certificate, it is `https`. No signal handler is installed. Leaving closes every
    connection at once, open streams too. Raises `OSError` when the port is taken.
    """
    config = uvicorn.Config(
        app,
        http=MockProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: MockProtocol(config=config, server_state=state, app_state={}), host, port, backlog=2048, ssl=tls
    )
    try:
        address = server.sockets[0].getsockname()
        name = f"[{address[0]}]" if ":" in address[0] else address[0]
        yield f"{'http' if tls is None else 'https'}://{name}:{address[1]}"
    finally:
        server.close()
        await _disconnect(state)
        await server.wait_closed()


async def _disconnect(state: ServerState) -> None:
    """Abort every connection; what was answering notices and ends, or is cancelled after a grace period."""
    for connection in list(state.connections):
        connection.transport.abort()
    tasks = set(state.tasks)
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=_GRACE_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _wire(provider: str) -> Wire:
    match provider:
        case "anthropic":
            return AnthropicWire()
        case "gemini":
            return GeminiWire()
        case _:
            return OpenAIWire()


def _listed(model: ListedModel | str) -> ListedModel:
    return ListedModel(name=model) if isinstance(model, str) else model


async def _welcome(_request: Request) -> Response:
    return JSONResponse({"service": "mock providers", "control": "/control/scenarios"})
