"""Several server processes on one listening socket: started together, replaced one by one, ended together."""

import multiprocessing
import signal
import socket
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType
from typing import Any

from ultra.cli._serving import announce, listeners
from ultra.cli._terminal import Terminal
from ultra.cli._worker import BEAT, Order, work
from ultra.config import Loaded
from ultra.system import System
from ultra.telemetry import logs

_spawn = multiprocessing.get_context("spawn")
_LOOK_EVERY_S = 0.2
_PAUSE_S = 1.0
"""Between two deaths of a worker and its successor, doubled each time: one that cannot live must not be started in a
frenzy."""
_LONGEST_PAUSE_S = 30.0
_AFTER_GRACE_S = 10.0
_SILENT_S = 60.0
"""A worker whose event loop has not turned for so long is stuck: it is killed, and others take its runs."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: SpawnProcess
    line: "Connection[Any, Any]"
    """Says when the worker is ready and that it lives; its end tells the worker that nobody waits for it any more."""
    heard_at: float
    is_ready: bool = False
    leaves_by: float | None = None
    """Set once it is being replaced."""

    @property
    def is_dead(self) -> bool:
        return self.process.exitcode is not None

    def tell(self, order: Order) -> None:
        with suppress(OSError):  # it has died; that is noticed elsewhere
            self.line.send(order)


@dataclass(slots=True)
class _Place:
    """Where one worker serves; `successor` is there while it is being replaced."""

    worker: _Worker | None
    successor: _Worker | None = None
    deaths: int = 0
    start_at: float = 0.0


class Workers:
    """Runs `settings.workers` processes, each with a house of its own, until told to stop.

    Every worker reads the configuration anew, with the same `overrides`. One that dies, or is stuck, is replaced; if
    one cannot start at the very beginning, all end with its exit code. SIGTERM and Ctrl-C are passed on; whoever has
    not left after the grace period is killed. SIGHUP has every worker reload. SIGUSR2 replaces them one after the other
    without a break: the next one is ready before the one it replaces hears nobody new. A successor that cannot start
    ends the replacing, and those that serve go on.
    """

    def __init__(self, loaded: Loaded, overrides: Mapping[str, object], *, system: System) -> None:
        self._settings = loaded.settings
        self._overrides = dict(overrides)
        self._system = system
        self._terminal = Terminal()
        self._places: list[_Place] = []
        self._retired: list[_Worker] = []
        self._rolling: deque[_Place] = deque()
        self._is_leaving = self._wants_reload = self._wants_roll = self._is_announced = False
        self._link: str | None = None
        self._failed: int | None = None
        self._folder = Path()

    def run(self) -> int:
        """Serve; returns 0 after an orderly end, else the code of the worker that could not start."""
        from ultra.telemetry.siblings import common_folder  # it takes locks, which one worker does without

        handlers = {
            signal.SIGTERM: self._leave,
            signal.SIGINT: self._leave,
            signal.SIGHUP: self._hang_up,
            signal.SIGUSR2: self._roll,
        }
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            with common_folder(self._settings.data_dir) as self._folder:
                with listeners(self._settings) as bound:
                    self._places = [_Place(self._start(bound)) for _ in range(self._settings.workers)]
                    while not self._is_leaving:
                        self._look(bound)
                self._end()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return self._failed or 0

    def _start(self, bound: Sequence[socket.socket]) -> _Worker:
        ours, theirs = _spawn.Pipe()
        process = _spawn.Process(target=work, args=(self._overrides, bound, self._folder, theirs), daemon=False)
        process.start()
        theirs.close()
        return _Worker(process, ours, self._system.monotonic())

    def _all(self) -> Iterator[_Worker]:
        for place in self._places:
            yield from (each for each in (place.worker, place.successor) if each is not None)
        yield from self._retired

    def _look(self, bound: Sequence[socket.socket]) -> None:
        lines = [each.line for each in self._all() if not each.line.closed]
        connection.wait([*lines, *(each.process.sentinel for each in self._all())], timeout=_LOOK_EVERY_S)
        for worker in self._all():
            self._hear(worker)
        self._retired = [each for each in self._retired if not self._has_left(each)]
        for place in self._places:
            self._fill(place, bound)
        if not self._is_announced and all(each.worker and each.worker.is_ready for each in self._places):
            self._is_announced = True
            announce(bound[0], self._settings.environment, self._link)
        self._obey()
        self._replace_next(bound)

    def _hear(self, worker: _Worker) -> None:
        try:
            while not worker.line.closed and worker.line.poll():
                said = worker.line.recv()
                worker.heard_at = self._system.monotonic()
                if said != BEAT:
                    worker.is_ready = True
                    self._link = said[0] or self._link
        except (EOFError, OSError):
            worker.process.join(_LOOK_EVERY_S)
        if worker.is_ready and not worker.is_dead and self._system.monotonic() - worker.heard_at > _SILENT_S:
            logs.warn("a worker is stuck and is killed", pid=worker.process.pid, silent_s=_SILENT_S)
            worker.process.kill()
            worker.process.join()

    # --- dying -----------------------------------------------------------------------------------------------------

    def _fill(self, place: _Place, bound: Sequence[socket.socket]) -> None:
        """Have a living worker at this place, after a pause."""
        if place.worker is not None and place.worker.is_dead:
            self._bury(place, place.worker)
        if place.worker is None and not self._is_leaving and self._system.monotonic() >= place.start_at:
            place.worker = self._start(bound)

    def _bury(self, place: _Place, dead: _Worker) -> None:
        dead.line.close()
        code = dead.process.exitcode or 0
        if not dead.is_ready and not self._is_announced:
            self._failed = code if code > 0 else 1
            self._is_leaving = True
            return
        place.deaths = 0 if dead.is_ready else place.deaths + 1
        pause = min(_LONGEST_PAUSE_S, _PAUSE_S * 2**place.deaths)
        what = "a worker died and is replaced" if dead.is_ready else "a worker cannot start and is tried again"
        logs.warn(what, pid=dead.process.pid, code=code, pause_s=pause)
        place.worker, place.start_at = None, self._system.monotonic() + pause

    # --- being replaced --------------------------------------------------------------------------------------------

    def _obey(self) -> None:
        """Do what signals have asked for."""
        if self._wants_reload:
            self._wants_reload = False
            for worker in self._all():
                if worker.is_ready:
                    worker.tell("reload")
        if self._wants_roll and self._is_announced:
            self._wants_roll = False
            if not self._rolling:
                logs.warn("the workers are replaced one after the other")
                self._rolling = deque(self._places)

    def _replace_next(self, bound: Sequence[socket.socket]) -> None:
        if not self._rolling or self._is_leaving:
            return
        place = self._rolling[0]
        if place.successor is None:
            place.successor = self._start(bound)
        elif place.successor.is_ready:
            if place.worker is not None:
                self._retire(place.worker)
            place.worker, place.successor = place.successor, None
            self._rolling.popleft()
        elif place.successor.is_dead:
            logs.warn("a successor cannot start: nobody else is replaced", code=place.successor.process.exitcode)
            place.successor.line.close()
            place.successor = None
            self._rolling.clear()

    def _retire(self, worker: _Worker) -> None:
        patience = self._settings.request_timeout_s + self._settings.shutdown_grace_s + _AFTER_GRACE_S
        worker.leaves_by = self._system.monotonic() + patience
        worker.tell("retire")
        self._retired.append(worker)

    def _has_left(self, worker: _Worker) -> bool:
        if worker.leaves_by is not None and self._system.monotonic() > worker.leaves_by:
            worker.process.kill()
            worker.process.join()
        if worker.is_dead:
            worker.line.close()
        return worker.is_dead

    # --- signals ---------------------------------------------------------------------------------------------------

    def _leave(self, _number: int, _frame: FrameType | None) -> None:
        self._is_leaving = True

    def _hang_up(self, _number: int, _frame: FrameType | None) -> None:
        if self._terminal.is_gone:
            self._is_leaving = True
        else:
            self._wants_reload = True

    def _roll(self, _number: int, _frame: FrameType | None) -> None:
        self._wants_roll = True

    def _end(self) -> None:
        workers = list(self._all())
        for worker in workers:
            if not worker.is_dead:
                worker.process.terminate()
        patience = self._settings.shutdown_notice_s + self._settings.shutdown_grace_s + _AFTER_GRACE_S
        until = self._system.monotonic() + patience
        for worker in workers:
            worker.process.join(max(0.0, until - self._system.monotonic()))
            if not worker.is_dead:
                worker.process.kill()
                worker.process.join()
