"""Workers that share a folder: sums that only grow, whoever dies and when."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.telemetry.test_families import value, worker
from ultra.telemetry.siblings import Siblings, common_folder

REQUESTS = "ultra_http_requests_total"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Make the folder of one server."""
    with common_folder(tmp_path) as made:
        yield made


def counted(siblings: Siblings) -> float | None:
    """Return the requests of all."""
    return value(siblings.all(), REQUESTS, status="2xx")


def test_each_tells_the_sums(folder: Path) -> None:
    """Whoever is asked."""
    with Siblings(folder=folder, name="a") as one, Siblings(folder=folder, name="b") as other:
        one.keep(worker(requests=2), number=1)
        other.keep(worker(requests=5), number=1)
        assert counted(one) == counted(other) == 7
        assert value(one.all(), "ultra_workers") == 2


def test_one_that_leaves_stays_counted(folder: Path) -> None:
    """Its counts are in the sums, and it is no worker any more."""
    with Siblings(folder=folder, name="a") as one:
        one.keep(worker(requests=1), number=1)
        with Siblings(folder=folder, name="b") as other:
            other.keep(worker(requests=5), number=1)
        assert counted(one) == 6
        assert value(one.all(), "ultra_workers") == 1


_DIES = """
import os, signal, sys
from pathlib import Path
from tests.unit.telemetry.test_families import worker
from ultra.telemetry.siblings import Siblings
siblings = Siblings(folder=Path(sys.argv[1]), name="dies").__enter__()
siblings.keep(worker(requests=5), number=1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_one_that_is_killed_stays_counted_through_all_that_follow(folder: Path) -> None:
    """Its successors fold what it left into one file, and nobody is counted twice."""
    subprocess.run([sys.executable, "-c", _DIES, str(folder)], check=False, cwd="backend")
    for number in range(3):
        with Siblings(folder=folder, name=f"later-{number}") as later:
            later.keep(worker(requests=1), number=1)
            assert counted(later) == 5 + number + 1
    assert {path.name for path in folder.glob("*.json")} == {"departed.json", "later-2.json"}


def test_a_fold_that_was_broken_off_counts_nobody_twice(folder: Path) -> None:
    """The sum was written and the files of the dead were not yet taken away: they are known to be in it."""
    with Siblings(folder=folder, name="dead") as dead:
        dead.keep(worker(requests=5), number=1)
    left = (folder / "dead.json").read_bytes()
    with Siblings(folder=folder, name="first") as first:
        first.keep(worker(requests=1), number=1)
        (folder / "dead.json").write_bytes(left)
        assert counted(first) == 6
    with Siblings(folder=folder, name="second") as second:
        second.keep(worker(requests=1), number=1)
        assert counted(second) == 7
    assert not (folder / "dead.json").exists()


def test_of_two_that_keep_at_once_the_newer_stays(folder: Path) -> None:
    """A thread that comes late does not put the counts back."""
    with Siblings(folder=folder, name="a") as one:
        one.keep(worker(requests=9), number=2)
        one.keep(worker(requests=4), number=1)
        assert counted(one) == 9


def test_what_a_killed_server_left_is_taken_away(tmp_path: Path) -> None:
    """The folder of a server that lives is not touched, and a server's own goes with it."""
    left = tmp_path / "workers-left"
    left.mkdir()
    (left / "server.alive").touch()
    with common_folder(tmp_path) as lives:
        assert not left.exists()
        with common_folder(tmp_path) as second:
            assert lives.exists()
            assert lives != second
        assert lives.exists()
    assert not list(tmp_path.glob("workers-*"))
