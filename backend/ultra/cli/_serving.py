"""The server behind `ultra serve`: it says where it is once it can be reached."""

import asyncio
import gc
import math
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn
from uvicorn.lifespan.on import LifespanOn, LifespanSendMessage

from ultra.app import create_app
from ultra.cli._connections import House, connection_class
from ultra.config import Loaded, Settings
from ultra.domain.errors import Unavailable
from ultra.gate.headers import server_headers
from ultra.services import Services
from ultra.system import System

_BACKLOG = 2048

SETTLED_S = 5.0
"""After this long, what the start has built is there: the prices come last."""


class _Beginning(LifespanOn):
    """Keeps why the application could not begin, so that whoever started it is told as after any other command."""

    trouble: BaseException | None = None

    async def send(self, message: LifespanSendMessage) -> None:
        """Hear how the beginning went; a failure is reported from the block that handles it, with a traceback."""
        if message["type"] == "lifespan.startup.failed":
            self.trouble = sys.exception()
            message["message"] = ""
        await super().send(message)


class ToldServer(uvicorn.Server):
    """Tells `ready` as soon as requests are answered; raises what kept the application from beginning."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[str | None], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell, with the text of the first administrator's sign-in link where there is one."""
        self.lifespan = beginning = _Beginning(self.config)
        try:
            await super().startup(sockets)
        except SystemExit:
            if beginning.trouble is None:
                raise
            raise beginning.trouble from None
        services: Services = self.lifespan.state["services"]
        link = None
        if services.settings.environment == "development":
            link = await services.access.accounts.ensure_first_admin()
        self._ready(link)
        asyncio.get_running_loop().call_later(SETTLED_S, _set_apart)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let streams and runs end within one and the same grace."""
        services: Services = self.lifespan.state["services"]
        services.leave()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        """Begin to leave; a second Ctrl-C no longer waits. Having left in order is success: nothing is raised after."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def server(loaded: Loaded, *, ready: Callable[[str | None], None]) -> ToldServer:
    """Return the server of one process."""
    settings = loaded.settings
    system = System()
    house = House(headers=server_headers(https_only=settings.environment == "production"), system=system)
    config = uvicorn.Config(
        create_app(loaded, system=system),
        http=connection_class(house),
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_grace_s),
    )
    return ToldServer(config, ready=ready)


def listening(settings: Settings) -> socket.socket:
    """Bind the address that is served; raises `Unavailable`."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host.strip("[]"), settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Unavailable(
            f"Nobody can listen at {settings.host} port {settings.port}: {error.strerror}.",
            hint="Another server may be there; choose another one with --port.",
        ) from error


def announce(listener: socket.socket, environment: str, link: str | None) -> None:
    """Print the one address on stdout, where people and scripts look for it, and the link where there is one."""
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    sys.stdout.write(f"Ultra ({environment}) at {address}\n")
    if link is not None:
        sys.stdout.write(f"Sign in, once, as admin: {address}/sign-in?link={link}\n")
    sys.stdout.flush()


def run(loaded: Loaded) -> bool:
    """Serve in this process until told to stop; returns whether it ever was up."""
    with listening(loaded.settings) as listener:
        told = server(loaded, ready=lambda link: announce(listener, loaded.settings.environment, link))
        told.run(sockets=[listener])
    return told.started


def _set_apart() -> None:
    """Keep the garbage collector from looking through the house: what the start has built stays until the end.

    A look through everything stops all requests for a tenth of a second; this is the last one.
    """
    gc.collect()
    gc.freeze()
