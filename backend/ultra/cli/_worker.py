"""One of several server processes: it says that it stands, then that it lives, and does what its parent says."""

import asyncio
import select
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from ultra.cli._serving import ToldServer, server
from ultra.cli.exits import exit_code
from ultra.cli.house import configuration
from ultra.telemetry import logs

if TYPE_CHECKING:
    import socket

Order: TypeAlias = Literal["reload", "retire"]
"""What a parent says to a worker."""

BEAT: Final = "beat"
"""What a worker says every `BEAT_EVERY_S` while its event loop turns; before, once, it says `(link,)`: it stands."""

BEAT_EVERY_S: Final = 1.0


def work(
    overrides: Mapping[str, object], bound: "Sequence[socket.socket]", folder: Path, line: "Connection[Any, Any]"
) -> None:
    """Be one worker: build a house, tell that it stands, serve. Leaves when told to, or when nobody waits any more."""
    try:
        is_up = _serve(overrides, bound, folder, line)
    except Exception as error:
        code, text = exit_code(error)
        if code is None:
            raise
        sys.stderr.write(text)
        sys.exit(code)
    sys.exit(0 if is_up else 1)


def _serve(
    overrides: Mapping[str, object], bound: "Sequence[socket.socket]", folder: Path, line: "Connection[Any, Any]"
) -> bool:
    loaded = configuration(overrides, serving=True)
    logs.configure(level=loaded.settings.log_level, form=loaded.settings.log_format)

    def ready(link: str | None) -> None:
        line.send((link,))
        _beat(line)
        threading.Thread(target=_obey, args=(line, told), daemon=True).start()

    told = server(loaded, ready=ready, read=lambda: configuration(overrides, serving=True), siblings=folder)
    told.run(sockets=list(bound))
    return told.started


def _beat(line: "Connection[Any, Any]") -> None:
    """Say that the event loop turns, and go on doing so. A parent that does not listen must not stop the loop."""
    with suppress(OSError):
        if select.select([], [line], [], 0)[1]:
            line.send(BEAT)
    asyncio.get_running_loop().call_later(BEAT_EVERY_S, _beat, line)


def _obey(line: "Connection[Any, Any]", told: ToldServer) -> None:
    """Do what the parent says, until it says nothing any more: then leave."""
    with suppress(EOFError, OSError):
        while True:
            order: Order = line.recv()
            told.reload() if order == "reload" else told.retire()
    told.leave()
