"""A program that does something to a database and is killed at a statement of one's choice.

It reads `ACTION NUMBER URL [FILE]` from standard input and says how that ended: `killed`, or `done` when there were
fewer statements. Each is done in a process of its own, forked from one that has imported everything.
"""

import asyncio
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from ultra.store import alembic_steps, migrating, postgresql, sqlite_file  # noqa: F401 - imported once, before forking
from ultra.store.backing_up import back_up
from ultra.store.database import Database, open_database
from ultra.store.restoring import restore
from ultra.system import System


class Fate:
    """Kills this process at the start of its statement `number`; beginning and ending a transaction count, too."""

    def __init__(self, number: int) -> None:
        self.left = number

    def step(self, *_: Any) -> None:
        """Come one statement nearer."""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def action(name: str, file: str | None) -> Callable[[Database], Awaitable[Any]]:
    """Return what is done to the database."""
    path = Path(file or "")
    actions: dict[str, Callable[[Database], Awaitable[Any]]] = {
        "upgrade": migrating.upgrade,
        "downgrade": lambda database: migrating.downgrade(database, to=None),
        "backup": lambda database: back_up(database, target=path, made_by="tests", system=System()),
        "restore": lambda database: restore(
            database, source=path, environment="testing", replace=True, keep_keys=True, system=System()
        ),
    }
    return actions[name]


async def act(name: str, number: int, url: str, file: str | None) -> None:
    """Do it."""
    async with open_database(url=url, system=System()) as database:
        fate = Fate(number)
        for moment in ("before_cursor_execute", "begin", "commit"):
            event.listen(Engine, moment, fate.step)
        await action(name, file)(database)


def main() -> None:
    """Do what is asked, line by line."""
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        name, number, url, *file = line.split()
        child = os.fork()
        if child == 0:
            asyncio.run(act(name, int(number), url, file[0] if file else None))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        sys.stdout.write({0: "done", -signal.SIGKILL: "killed"}.get(code, f"failed {code}") + "\n")
        sys.stdout.flush()


class Killer:
    """The program, running: `at` does something once."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def at(self, number: int, name: str, url: str, file: Path | None = None) -> bool:
        """Kill at this statement; False when it was done before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{name} {number} {url} {file or ''}\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline().strip()
        assert said in ("killed", "done"), said
        return said == "killed"


@contextmanager
def killer() -> Iterator[Killer]:
    """Run the program."""
    command = [sys.executable, "-m", "tests.faults.killed_at"]
    folder = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    try:
        yield Killer(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()


if __name__ == "__main__":
    main()
