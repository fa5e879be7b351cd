"""The server behind `ultra serve`: it says where it is once it can be reached."""

import asyncio
import gc
import math
import signal
import socket
import sys
from types import FrameType

import uvicorn

from ultra.app import create_app
from ultra.config import Loaded
from ultra.services import Services

SETTLED_S = 5.0
"""After this long, what the start has built is there: the prices come last."""


class AnnouncedServer(uvicorn.Server):
    """Prints the one address on stdout, where people and scripts look for it, as soon as requests are answered."""

    def __init__(self, config: uvicorn.Config, *, environment: str) -> None:
        super().__init__(config)
        self._environment = environment

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            sys.stdout.write(f"Ultra ({self._environment}) at http://{shown}:{port}\n")
            sys.stdout.flush()
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


def run(loaded: Loaded) -> bool:
    """Serve until told to stop; returns whether it ever was up."""
    settings = loaded.settings
    config = uvicorn.Config(
        create_app(loaded),
        host=settings.host,
        port=settings.port,
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_grace_s),
    )
    server = AnnouncedServer(config, environment=settings.environment)
    server.run(sockets=[config.bind_socket()])
    return server.started


def _set_apart() -> None:
    """Keep the garbage collector from looking through the house: what the start has built stays until the end.

    A look through everything stops all requests for a tenth of a second; this is the last one.
    """
    gc.collect()
    gc.freeze()
