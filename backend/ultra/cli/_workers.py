"""Several server processes on one listening socket: started together, replaced when one dies, ended together."""

import multiprocessing
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Any

from ultra.cli._serving import announce, listening, server
from ultra.cli.exits import exit_code
from ultra.cli.house import configuration
from ultra.config import Loaded
from ultra.system import System
from ultra.telemetry import logs

_spawn = multiprocessing.get_context("spawn")
_LOOK_EVERY_S = 0.2
_PAUSE_S = 1.0
"""Between two deaths of a worker and its successor: a worker that cannot live must not be started in a frenzy."""
_AFTER_GRACE_S = 10.0


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    line: "Connection[Any, Any]"
    """Says when the worker is ready; its end tells the worker that nobody waits for it any more."""
    is_ready: bool = False


class Workers:
    """Runs `settings.workers` processes, each with a house of its own, until told to stop.

    Every worker reads the configuration anew, with the same `overrides`. One that dies is replaced; one that cannot
    even start ends all, with its exit code. SIGTERM and Ctrl-C are passed on; whoever has not left after the grace
    period is killed.
    """

    def __init__(self, loaded: Loaded, overrides: Mapping[str, object], *, system: System) -> None:
        self._settings = loaded.settings
        self._overrides = dict(overrides)
        self._system = system
        self._workers: list[_Worker] = []
        self._is_leaving = False
        self._is_announced = False
        self._link: str | None = None
        self._failed: int | None = None

    def run(self) -> int:
        """Serve; returns 0 after an orderly end, else the code of the worker that could not start."""
        before = {number: signal.signal(number, self._leave) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            with listening(self._settings) as listener:
                self._workers = [self._start(listener) for _ in range(self._settings.workers)]
                while not self._is_leaving:
                    self._look(listener)
            self._end()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return self._failed or 0

    def _start(self, listener: socket.socket) -> _Worker:
        ours, theirs = _spawn.Pipe()
        process = _spawn.Process(target=work, args=(self._overrides, listener, theirs), daemon=False)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _look(self, listener: socket.socket) -> None:
        lines = [each.line for each in self._workers if not each.is_ready]
        ends = [each.process.sentinel for each in self._workers]
        connection.wait([*lines, *ends], timeout=_LOOK_EVERY_S)
        for position, worker in enumerate(self._workers):
            if not worker.is_ready and worker.line.poll():
                self._hear(worker)
            if not self._is_leaving and worker.process.exitcode is not None:
                self._replace(position, worker, listener)
        if not self._is_announced and all(each.is_ready for each in self._workers):
            self._is_announced = True
            announce(listener, self._settings.environment, self._link)

    def _hear(self, worker: _Worker) -> None:
        try:
            self._link = worker.line.recv() or self._link
            worker.is_ready = True
        except EOFError:
            worker.process.join()

    def _replace(self, position: int, dead: _Worker, listener: socket.socket) -> None:
        dead.line.close()
        code = dead.process.exitcode or 0
        if not dead.is_ready:
            self._failed = code if code > 0 else 1
            self._is_leaving = True
            return
        logs.warn("a worker died and is replaced", pid=dead.process.pid, code=code)
        threading.Event().wait(_PAUSE_S)
        self._workers[position] = self._start(listener)

    def _leave(self, number: int, _: FrameType | None) -> None:
        self._is_leaving = True
        del number

    def _end(self) -> None:
        for worker in self._workers:
            if worker.process.exitcode is None:
                worker.process.terminate()
        until = self._system.monotonic() + self._settings.shutdown_grace_s + _AFTER_GRACE_S
        for worker in self._workers:
            worker.process.join(max(0.0, until - self._system.monotonic()))
            if worker.process.exitcode is None:
                worker.process.kill()
                worker.process.join()


def work(overrides: Mapping[str, object], listener: socket.socket, line: "Connection[Any, Any]") -> None:
    """Be one worker: build a house, tell that it stands, serve. Leaves when told to, or when nobody waits any more."""
    try:
        is_up = _serve(overrides, listener, line)
    except Exception as error:
        code, text = exit_code(error)
        if code is None:
            raise
        sys.stderr.write(text)
        sys.exit(code)
    sys.exit(0 if is_up else 1)


def _serve(overrides: Mapping[str, object], listener: socket.socket, line: "Connection[Any, Any]") -> bool:
    loaded = configuration(overrides, serving=True)
    logs.configure(level=loaded.settings.log_level, form=loaded.settings.log_format)
    told = server(loaded, ready=line.send)

    def wait_for_the_end() -> None:
        try:
            line.recv()
        except (EOFError, OSError):
            told.should_exit = True

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    told.run(sockets=[listener])
    return told.started
