"""What a process has written down and not yet seen in the database, in files that outlive it.

A line is one `write(2)`: the kernel has it when that returns, so that `kill -9` loses nothing. Only the machine itself
can lose what the database does not have yet; no line waits for the disk.

Two files take turns: lines go to one while those of the other are brought into the database. A lock that the process
holds as long as it lives tells others that it does; whoever gets the lock may take up what was left.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ultra.domain.errors import Unavailable
from ultra.system import System

_log = logging.getLogger(__name__)

_LOCK: Final = ".lock"
_FILES: Final = (".0", ".1")


class Spool:
    """The files of this process in `folder`, which is made when missing; readable by their owner only.

    `name` says whose they are and is used once. Raises `Unavailable` when the folder cannot be written to.
    """

    def __init__(self, folder: Path, *, system: System) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.name, self._lock = _claimed(folder, system)
            self._paths = [folder / f"{self.name}{end}" for end in _FILES]
            self._files = [_opened(path) for path in self._paths]
        except OSError as error:
            raise Unavailable(
                f"The ledger cannot keep its files: {error.strerror}.", hint=f"Make {folder} writable."
            ) from error
        self._folder = folder
        self._sizes = [0, 0]
        self._active = 0
        self._is_failing = False

    def put(self, line: bytes) -> None:
        """Write a line, which ends on a newline. Where that fails (a full disk) it is logged, and nothing is raised."""
        file, size = self._files[self._active], self._sizes[self._active]
        try:
            written = os.write(file, line)
            if written < len(line):
                os.ftruncate(file, size)
        except OSError as error:
            self._fail(error)
            return
        if written < len(line):
            self._fail(OSError("only a part of a line was written"))
            return
        self._sizes[self._active] = size + len(line)
        self._is_failing = False

    def turn(self) -> None:
        """Let what was written until now rest, unless earlier lines do: those have to be forgotten first."""
        if not self._sizes[1 - self._active]:
            self._active = 1 - self._active

    def resting(self) -> Iterator[bytes]:
        """Read the lines that rest, oldest first."""
        return _lines(self._paths[1 - self._active])

    def forget(self) -> None:
        """Drop the lines that rest: the database has them."""
        at = 1 - self._active
        if self._sizes[at]:
            os.ftruncate(self._files[at], 0)
            self._sizes[at] = 0

    def close(self) -> None:
        """Let go. Files that are empty go; others are for whoever comes next."""
        for file in self._files:
            os.close(file)
        if not any(self._sizes):
            _remove(self._folder, self.name)
        os.close(self._lock)

    def _fail(self, error: OSError) -> None:
        if not self._is_failing:
            _log.error("The ledger's files take nothing more, kill -9 would lose calls now: %s", error)
        self._is_failing = True


@contextmanager
def left_behind(folder: Path) -> Iterator[list["Remains"]]:
    """Give what processes that are gone left in a folder, and keep others from it meanwhile."""
    found: list[Remains] = []
    try:
        for lock in sorted(folder.glob(f"*{_LOCK}")):
            file = _locked(lock)
            if file is not None:
                found.append(Remains(folder, lock.name.removesuffix(_LOCK), file))
        yield found
    finally:
        for each in found:
            os.close(each.lock)


class Remains:
    """The files of a process that is gone; `name` is what it called itself."""

    def __init__(self, folder: Path, name: str, lock: int) -> None:
        self.name = name
        self.lock = lock
        self._folder = folder

    def lines(self) -> Iterator[bytes]:
        """Read both files: which of them is older is not known."""
        for end in _FILES:
            yield from _lines(self._folder / f"{self.name}{end}")

    def remove(self) -> None:
        """Take them away: the database has everything."""
        _remove(self._folder, self.name)


def _claimed(folder: Path, system: System) -> tuple[str, int]:
    """Return a fresh name and its lock; who looks for remains may grab and remove a file before its lock is held."""
    while True:
        name = system.new_id("spool")
        path = folder / f"{name}{_LOCK}"
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        lock = _locked(path)
        if lock is not None:
            return name, lock


def _locked(path: Path) -> int | None:
    """Hold a lock file; None while somebody else does, or when it has just been removed."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), path.stat()):
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(file)
    return None


def _opened(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)


def _lines(path: Path) -> Iterator[bytes]:
    """Read whole lines; the last one may have been cut off by the machine's end."""
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line
    except FileNotFoundError:
        return


def _remove(folder: Path, name: str) -> None:
    """Remove the lock last: as long as it is there, somebody may take up the rest."""
    for end in (*_FILES, _LOCK):
        with suppress(FileNotFoundError):
            (folder / f"{name}{end}").unlink()
