"""Which folders are left over is told by the process that made them."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from ultra.readiness.rehearsal import folder as folders
from ultra.readiness.rehearsal.folder import rehearsal_folder, remember, sweep
from ultra.system import System


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make temporary folders here, and let nothing be too young to be judged."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(folders, "_PATIENCE_S", 0.0)
    return tmp_path


def test_it_is_there_for_as_long_as_the_block() -> None:
    """It names this process, and is not swept while it runs."""
    with rehearsal_folder(System()) as folder:
        assert str(os.getpid()) in folder.name
        assert sweep(System()) == ()
        assert folder.is_dir()
    assert not folder.exists()


def test_what_a_dead_process_has_left_is_removed(temporary: Path) -> None:
    """With the processes that are still the same ones as when they were written down."""
    left = temporary / "ultra-rehearsal-1-abc"
    left.mkdir()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        remember(left, child.pid)
        (left / "owner").write_text(f"{os.getpid()} 1.0\n")  # this id, but begun at another time: somebody else
        assert sweep(System()) == (left,)
        child.wait(20)  # its code is lost: whoever ends it waits for it, too
    assert not psutil.pid_exists(child.pid)
    assert not left.exists()


def test_an_id_that_was_given_again_is_left_alone(temporary: Path) -> None:
    """A process that began at another moment is not the one that was meant."""
    left = temporary / "ultra-rehearsal-1-def"
    left.mkdir()
    (left / "processes").write_text(f"{os.getpid()} 1.0\n")
    assert sweep(System()) == (left,)  # and this test still runs


def test_other_folders_are_nobodys_business(temporary: Path) -> None:
    """Only what has the name of a rehearsal is looked at."""
    (temporary / "ultra-something").mkdir()
    assert sweep(System()) == ()
    assert (temporary / "ultra-something").is_dir()
