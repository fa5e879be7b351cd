"""The counts of all workers of one server, in files of one folder: any of them can tell the sums.

NAME.json      what a worker has counted; replaced whole, so nobody reads half of it
NAME.alive     locked by that worker for as long as it lives, however it dies
departed.json  what workers counted that are gone, and whose files these were
order          locked by whoever moves files, shared by whoever reads them
"""

import fcntl
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import orjson

from ultra.telemetry.families import Family, from_json, to_json, together

_DEPARTED: Final = "departed.json"
_PREFIX: Final = "workers-"
_OWNER: Final = "server.alive"


class Siblings:
    """One worker among its siblings. Everything here touches files: call it from a thread.

    Sums never go back while the folder is there: every scrape reads files alone, each of which only grows, and what a
    worker counted stays counted when it is gone, up to its last `keep`.
    """

    def __init__(self, *, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._alive: IO[bytes] | None = None
        self._turn = threading.Lock()
        self._newest = 0

    def __enter__(self) -> Self:
        """Begin to live, and fold together what the dead have left."""
        self._alive = (self._folder / f"{self._name}.alive").open("wb")
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        with self._order(fcntl.LOCK_EX):
            self._fold()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Be gone; what was kept stays counted."""
        if self._alive is not None:
            self._alive.close()

    def keep(self, families: Sequence[Family], *, number: int) -> None:
        """Write down what this worker has counted; of two that come together, the one with the higher number stays."""
        with self._turn:
            if number > self._newest:
                self._newest = number
                _write(self._folder / f"{self._name}.json", to_json(families))

    def all(self) -> tuple[Family, ...]:
        """Return what all have counted, those that are gone included."""
        with self._order(fcntl.LOCK_SH):
            kept, folded = self._departed()
            live: list[Sequence[Family]] = []
            gone: list[Sequence[Family]] = [kept]
            for name in self._names():
                if name not in folded:
                    (live if self._is_alive(name) else gone).append(from_json(_read(self._folder / f"{name}.json")))
        return together(live, gone)

    def _fold(self) -> None:
        """Add up the files of the dead. Whose they were is written with the sum: no crash counts anybody twice."""
        kept, folded = self._departed()
        dead = [name for name in self._names() if name not in folded and not self._is_alive(name)]
        left = [name for name in folded if (self._folder / f"{name}.json").exists()]
        if not dead and not left:
            return
        sums = together((), [kept, *(from_json(_read(self._folder / f"{name}.json")) for name in dead)])
        _write(self._folder / _DEPARTED, {"of": [*left, *dead], "families": to_json(sums)})
        for name in (*left, *dead):
            for suffix in ("json", "alive"):
                (self._folder / f"{name}.{suffix}").unlink(missing_ok=True)

    def _departed(self) -> tuple[Sequence[Family], frozenset[str]]:
        path = self._folder / _DEPARTED
        if not path.exists():
            return (), frozenset()
        found = _read(path)
        return from_json(found["families"]), frozenset(found["of"])

    def _names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.json") if path.name != _DEPARTED)

    def _is_alive(self, name: str) -> bool:
        return name == self._name or _is_locked(self._folder / f"{name}.alive")

    def _order(self, kind: int) -> AbstractContextManager[None]:
        return _locked(self._folder / "order", kind)


@contextmanager
def common_folder(base: Path) -> Iterator[Path]:
    """Make the folder that the workers of one server share, and take it away again.

    Folders that a killed server left in `base` are taken away as well.
    """
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(base / "workers.order", fcntl.LOCK_EX):
        for left in base.glob(f"{_PREFIX}*"):
            if not any(_is_locked(each) for each in left.glob("*.alive")):
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        owner = (folder / _OWNER).open("wb")
        fcntl.flock(owner, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        owner.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    with path.open("ab") as handle:
        fcntl.flock(handle, kind)
        yield


def _is_locked(path: Path) -> bool:
    with suppress(FileNotFoundError), path.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _read(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def _write(path: Path, value: Any) -> None:
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(orjson.dumps(value))
    fresh.replace(path)
