"""`scripts/test_production.sh` from beginning to end, in order and interrupted: it leaves nothing behind."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.journeys.programs import until
from tests.readiness.verifying import plain_environment, results
from ultra.readiness import every_step
from ultra.readiness.rehearsal.folder import sweep
from ultra.system import System

SCRIPT = Path(__file__).parents[3] / "scripts" / "test_production.sh"
pytestmark = pytest.mark.timeout(420)


def left_behind(folder: Path) -> list[str]:
    """Return the temporary folders and the processes that are there under this folder for temporary things."""
    found = [str(each) for each in folder.glob("ultra-rehearsal-*")]
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(folder) in " ".join([process.cwd(), *process.cmdline()]):
                found.append(" ".join(process.cmdline())[:200])
    return found


@pytest.fixture
def place() -> Iterator[Path]:
    """Make a folder with a name that scripts get wrong; where this is root, PostgreSQL's user passes through it.

    It is not one of pytest's own: those are closed to other users again and again.
    """
    folder = Path(tempfile.mkdtemp(prefix="rehearsed here "))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def begun(place: Path, *words: str) -> "subprocess.Popen[str]":
    """Start a rehearsal whose temporary folders are made in `place`."""
    command = [sys.executable, "-m", "ultra", "verify", "--reports", str(place / "reports"), *words]
    variables = {**plain_environment(place), "TMPDIR": str(place)}
    return subprocess.Popen(
        command,
        cwd=place,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_production_is_rehearsed(place: Path) -> None:
    """Every step passes, those about real providers are not run; both reports are written, and nothing is left."""
    variables = {**plain_environment(place), "TMPDIR": str(place)}
    wanted = ("--json", "the report.json", "--html", "the report.html")
    done = subprocess.run(
        [SCRIPT, *wanted],
        cwd=place,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    report: dict[str, Any] = json.loads((place / "the report.json").read_text())
    wrong = {step["id"]: step["said"] for step in report["steps"] if step["result"] == "failed"}
    assert wrong == {}
    assert done.returncode == report["exit_code"] == 0
    assert (report["schema"], report["kind"], report["result"]) == (1, "rehearsal", "passed")
    not_run = {name for name, result in results(report).items() if result == "not_run"}
    assert not_run == {name for name in results(report) if name.startswith("live-")}
    assert set(results(report)) == {step.name for step in every_step()}
    for step in every_step():
        assert step.title.split()[0] in done.stdout
    assert "Ready" in (place / "the report.html").read_text()
    assert left_behind(place) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_rehearsal_leaves_nothing(place: Path, number: signal.Signals) -> None:
    """Told to stop in the middle, it ends all it has started and removes its folder."""
    process = begun(place, "--only", "resume")
    until(lambda: any(place.glob("ultra-rehearsal-*/postgresql/postmaster.pid")), patience=90, what="a database")
    process.send_signal(number)
    said, _ = process.communicate(timeout=90)
    assert process.returncode == 130, said
    assert "Interrupted" in said
    assert left_behind(place) == []


def test_the_next_one_removes_what_a_killed_one_has_left(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal that is killed cannot tidy up; processes and folder are found by the next one."""
    process = begun(place, "--only", "alive")
    until(lambda: any(place.glob("ultra-rehearsal-*/logs/ultra-1.log")), patience=90, what="a server that starts")
    process.kill()
    process.communicate()
    assert any("postgres" in each for each in left_behind(place))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    until(lambda: len(sweep(System())) == 1, patience=30, what="a folder that is old enough to be judged")
    until(lambda: left_behind(place) == [], patience=60, what="nothing left")


def test_a_rehearsal_that_runs_is_left_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rehearsals at once do not disturb one another."""
    process = begun(place, "--only", "alive")
    until(lambda: any(place.glob("ultra-rehearsal-*/owner")), patience=60, what="a folder")
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    assert sweep(System()) == ()
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said


def test_it_is_one_or_the_other(place: Path) -> None:
    """Asking for a rehearsal of a deployment is wrong usage."""
    process = begun(place, "--rehearse", "--url", "http://127.0.0.1:9")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "exclude each other" in said


def test_what_is_not_installed_is_named(place: Path) -> None:
    """Without the packages of the test group nothing is begun, and the sentence says how to come by them."""
    program = "import sys; sys.modules['psutil'] = None; from ultra.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "verify"],
        cwd=place,
        env=plain_environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 69
    assert "psutil" in done.stderr
    assert "scripts/install.sh test" in done.stderr
