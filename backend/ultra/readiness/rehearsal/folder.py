"""The folder of one rehearsal: it names its process, so that what a killed rehearsal left behind can be told apart."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]  # it ships no types

from ultra.system import System

_PREFIX: Final = "ultra-rehearsal-"
_PIDS: Final = "processes"
_OWNER: Final = "owner"
_PATIENCE_S: Final = 5.0


@contextmanager
def rehearsal_folder(system: System) -> Iterator[Path]:
    """Make a folder for this process's rehearsal and remove it afterwards, with what earlier ones have left."""
    sweep(system)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)  # the database's user passes through to its own folder
    remember(folder, os.getpid(), name=_OWNER)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remember(folder: Path, pid: int, *, name: str = _PIDS) -> None:
    """Write down a process by its id and the moment it began: ids alone are given again."""
    with suppress(psutil.NoSuchProcess), (folder / name).open("a") as file:
        file.write(f"{pid} {psutil.Process(pid).create_time()!r}\n")


def sweep(system: System) -> tuple[Path, ...]:
    """End the processes and remove the folders of rehearsals whose own process is gone; returns the folders."""
    swept = []
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another user's, or just swept by somebody else
            if folder.stat().st_uid == os.geteuid() and not _is_owned(folder, system):
                _end(_living(folder / _PIDS))
                shutil.rmtree(folder, ignore_errors=True)
                swept.append(folder)
    return tuple(swept)


def _is_owned(folder: Path, system: System) -> bool:
    """Whether the process that made a folder still runs; one that was made just now may not have said so yet."""
    age_s = system.now().timestamp() - folder.stat().st_mtime
    return bool(_living(folder / _OWNER)) or age_s < _PATIENCE_S


def _living(file: Path) -> list[psutil.Process]:
    """Return the processes written down in a file that are still the same; none where nothing is written."""
    found = []
    for line in file.read_text().splitlines() if file.exists() else ():
        pid, begun = line.split()
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid))
            if process.create_time() == float(begun) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)  # PostgreSQL leaves at once on it; so do all others
    _, stubborn = psutil.wait_procs(processes, timeout=_PATIENCE_S)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=_PATIENCE_S)
