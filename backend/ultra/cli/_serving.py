"""The server behind `ultra serve`: it says where it is once it can be reached, and goes in order."""

import asyncio
import gc
import math
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn
from uvicorn.lifespan.on import LifespanOn, LifespanSendMessage

from ultra.app import create_app
from ultra.cli._connections import Connection, House, connection_class
from ultra.cli._terminal import Terminal
from ultra.cli.house import configuration
from ultra.config import Loaded, Settings
from ultra.domain.errors import Unavailable
from ultra.gate.headers import server_headers
from ultra.services import Services, build
from ultra.system import System
from ultra.telemetry import logs

_BACKLOG = 2048
_LOOK_EVERY_S = 0.05

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
    """Tells `ready` as soon as requests are answered; raises what kept the application from beginning.

    SIGTERM and Ctrl-C: readiness says no at once; after the notice, no work is begun, while everything else is still
    answered; what is under way has one grace to end, streams and runs alike, and is told why when it is over.
    `retire`: nobody new is heard, and whoever is connected is served until they have gone. SIGHUP: `reload`.
    """

    def __init__(
        self, config: uvicorn.Config, *, ready: Callable[[str | None], None], read: Callable[[], Loaded]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._read = read
        self._terminal = Terminal()
        self._reloads: set[asyncio.Task[object]] = set()
        self._retired_until: float | None = None
        self.is_parting = False
        """Whether every answer from now on ends its connection."""

    @property
    def _services(self) -> Services:
        services: Services = self.lifespan.state["services"]
        return services

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell, with the text of the first administrator's sign-in link where there is one."""
        self.lifespan = beginning = _Beginning(self.config)
        try:
            await super().startup(sockets)
        except SystemExit:
            if beginning.trouble is None:
                raise
            raise beginning.trouble from None
        self._loop = asyncio.get_running_loop()
        link = None
        if self._services.settings.environment == "development":
            link = await self._services.access.accounts.ensure_first_admin()
        self._ready(link)
        # with the usual thresholds the collector takes a sixth of every completion
        gc.set_threshold(10_000, 10, 10)
        self._loop.call_later(SETTLED_S, _set_apart)

    # --- leaving ---------------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Begin to leave; safe from a signal's handler and from another thread, and as often as anybody likes."""
        self.should_exit = True
        if self.started:
            self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        self._services.presence.is_leaving = True
        if not self._services.settings.shutdown_notice_s:
            self._services.leave()
        self._part()

    def _part(self) -> None:
        """Let every connection end with the answer that comes next; those in silence end with their patience."""
        self.is_parting = True
        for connection in self.server_state.connections:
            if isinstance(connection, Connection):
                connection.part()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Give notice, close, and let what is under way end within one and the same grace.

        The door stays open meanwhile: who knocks hears that Ultra is leaving, and so does who asks whether it is ready.
        """
        settings = self._services.settings
        self._announce()
        if self._retired_until is None:
            await self._wait(lambda: False, seconds=settings.shutdown_notice_s)
        self._services.leave()
        until = self._loop.time() + settings.shutdown_grace_s
        under_way = set(self.server_state.tasks)
        await self._wait(lambda: all(task.done() for task in under_way), seconds=settings.shutdown_grace_s)
        self.config.timeout_graceful_shutdown = max(0, int(until - self._loop.time()))
        await super().shutdown(sockets)

    async def _wait(self, is_so: Callable[[], bool], *, seconds: float) -> None:
        until = self._loop.time() + seconds
        while not is_so() and self._loop.time() < until and not self.force_exit:  # noqa: ASYNC110 - tasks, a clock and a signal
            await asyncio.sleep(_LOOK_EVERY_S)

    # --- being replaced --------------------------------------------------------------------------------------------

    def retire(self) -> None:
        """Hear nobody new, serve who is connected until they have gone, then leave; safe from another thread.

        Nobody is refused meanwhile: another process hears those who come now. Whoever has not gone after the longest
        time that a completion may take is told to.
        """
        self._loop.call_soon_threadsafe(self._retire)

    def _retire(self) -> None:
        self._retired_until = self._loop.time() + self._services.settings.request_timeout_s
        for each in self.servers:
            each.close()
        self._part()

    async def on_tick(self, counter: int) -> bool:
        """Look every tenth of a second whether it is time to leave."""
        if self._retired_until is not None:
            is_over = self._loop.time() >= self._retired_until
            self.should_exit = self.should_exit or is_over or not self.server_state.connections
        return await super().on_tick(counter)

    # --- reloading -------------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the configuration again; safe from a signal's handler and from another thread."""
        if self.started and not self.should_exit:
            self._loop.call_soon_threadsafe(self._begin_reload)

    def _begin_reload(self) -> None:
        task = asyncio.ensure_future(self._services.reloading.again(self._read))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    # --- signals ---------------------------------------------------------------------------------------------------

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Heed what uvicorn heeds, and SIGHUP and SIGUSR2, whose own meaning would be death."""
        with super().capture_signals():
            if threading.current_thread() is not threading.main_thread():
                yield
                return
            handlers = {signal.SIGHUP: self._hang_up, signal.SIGUSR2: self._cannot_roll}
            before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        """Begin to leave; a second Ctrl-C no longer waits. Having left in order is success: nothing is raised after."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.leave()

    def _hang_up(self, _number: int, _frame: FrameType | None) -> None:
        if self._terminal.is_gone:
            self.leave()
        else:
            self.reload()

    def _cannot_roll(self, _number: int, _frame: FrameType | None) -> None:
        logs.warn("one process cannot be replaced without a break: SIGUSR2 is for the parent of two workers or more")


def server(
    loaded: Loaded,
    *,
    ready: Callable[[str | None], None],
    read: Callable[[], Loaded],
    siblings: Path | None = None,
) -> ToldServer:
    """Return the server of one process; `read` reads its configuration again.

    `siblings` is the folder that it shares with other workers.
    """
    settings = loaded.settings
    system = System()
    house = House(
        headers=server_headers(https_only=settings.environment == "production"),
        system=system,
        is_parting=lambda: told.is_parting,
    )
    config = uvicorn.Config(
        create_app(loaded, system=system, house=partial(build, siblings=siblings)),
        http=connection_class(house),
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_grace_s),
    )
    told = ToldServer(config, ready=ready, read=read)
    return told


def listening(settings: Settings) -> socket.socket:
    """Bind the address that is served; raises `Unavailable`."""
    return _bound(settings.host, settings.port, "choose another one with --port")


@contextmanager
def listeners(settings: Settings) -> Iterator[list[socket.socket]]:
    """Bind every address that is served, the one for requests first; raises `Unavailable`."""
    with ExitStack() as stack:
        bound = [stack.enter_context(listening(settings))]
        if settings.metrics_port is not None:
            advice = "choose another ULTRA_METRICS_PORT"
            bound.append(stack.enter_context(_bound(settings.metrics_host, settings.metrics_port, advice)))
        yield bound


def _bound(host: str, port: int, advice: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Unavailable(
            f"Nobody can listen at {host} port {port}: {error.strerror}.",
            hint=f"Another server may be there; {advice}.",
        ) from error


def announce(listener: socket.socket, environment: str, link: str | None) -> None:
    """Print the one address on stdout, where people and scripts look for it, and the link where there is one."""
    host, port = listener.getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    sys.stdout.write(f"Ultra ({environment}) at {address}\n")
    if link is not None:
        sys.stdout.write(f"Sign in, once, as admin: {address}/sign-in?link={link}\n")
    sys.stdout.flush()


def run(loaded: Loaded, overrides: Mapping[str, object]) -> bool:
    """Serve in this process until told to stop; returns whether it ever was up."""
    with listeners(loaded.settings) as bound:
        told = server(
            loaded,
            ready=lambda link: announce(bound[0], loaded.settings.environment, link),
            read=lambda: configuration(overrides, serving=True),
        )
        told.run(sockets=bound)
    return told.started


def _set_apart() -> None:
    """Keep the garbage collector from looking through the house: what the start has built stays until the end.

    A look through everything stops all requests for a tenth of a second; this is the last one.
    """
    gc.collect()
    gc.freeze()
