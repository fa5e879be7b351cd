"""The benchmarks run: tiny numbers, so that only their working is judged, never a speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "benchmarks"


def measured(program: str, *arguments: str) -> str:
    """Run one of the programs to its end and return what it printed."""
    command = [sys.executable, str(FOLDER / program), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-1000:]
    return done.stdout


def test_contenders_are_measured_side_by_side(tmp_path: Path) -> None:
    """Every slot gets figures for everybody who is present, without an error; who is not installed is named."""
    kept = tmp_path / "figures.json"
    numbers = ("--seconds", "0.05", "--rounds", "1", "--delay-ms", "200", "--json", str(kept))
    printed = measured("run.py", "--contenders", "direct,bare,ultra,litellm,portkey", *numbers)
    assert "litellm: not installed" in printed
    assert "portkey: not installed" in printed
    goals = {line.rsplit("  ", 1)[0].strip(): line for line in printed.partition("goals,")[2].splitlines()[1:]}
    assert len(goals) == 9
    assert sum("not measured" in line for line in goals.values()) == 4
    figures = json.loads(kept.read_text())
    assert set(figures["slots"]) == {"single", "many", "streams", "added", "first"}
    for slot in figures["slots"].values():
        assert set(slot) == {"direct", "bare", "ultra"}
        for (only,) in slot.values():
            assert only["done"] > 0
            assert only["errors"] == 0, only["sample"]
    assert figures["rss_mb"]["ultra"]["loaded"] > 0


def test_runs_are_measured_against_their_critical_path(tmp_path: Path) -> None:
    """A run's stages and calls are recognised at the upstream, and it takes no less time than they do."""
    kept = tmp_path / "figures.json"
    # calls so long that a busy machine still begins all of a stage before the first of them ends
    measured("runs.py", "--at-once", "2", "--rounds", "1", "--delay-ms", "200", "--json", str(kept))
    (runs,) = json.loads(kept.read_text())["at_once"]["2"]
    for run in runs:
        assert (run["status"], run["stages"], run["calls"]) == ("complete", 3, 7)
        assert run["wall_s"] > run["path_s"] > 0.01


def test_starts_are_measured(tmp_path: Path) -> None:
    """Every kind of start is timed and set beside the interpreter's own."""
    kept = tmp_path / "figures.json"
    measured("start.py", "--rounds", "1", "--json", str(kept))
    rows = {row["measure"]: row for row in json.loads(kept.read_text())["rows"]}
    assert set(rows) == {"interpreter", "help", "ask", "ready"}
    assert all(row["median_s"] > 0 for row in rows.values())


def test_the_hot_path_can_be_profiled() -> None:
    """Without a sampler, the calls of a loaded server are counted."""
    printed = measured("hot_path.py", "--seconds", "0.3", "--lines", "3")
    assert "function calls" in printed
    assert "cumulative time" in printed


@pytest.mark.parametrize("name", ["nobody", "bare,nobody"])
def test_an_unknown_contender_is_refused(name: str) -> None:
    """A name that is not in the list ends the program with the list."""
    command = [sys.executable, str(FOLDER / "run.py"), "--contenders", name]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "choose from direct, nginx, bare" in done.stderr


def test_every_layer_has_its_price() -> None:
    """Each layer before a route is named with the microseconds it takes."""
    printed = measured("layers.py", "--rounds", "1", "--times", "3")
    for layer in (
        "request id", "client address", "access log", "security headers", "problems", "hosts", "cors", "admission",
        "guard, key remembered", "body, strict JSON of 1 KB", "repeats, no key for them", "vigil", "departure",
        "router, for a completion", "who is it: remembered", "limits: policy and charge, in memory", "tokens a minute",
        "budgets, of a caller who has none", "ledger: two lines in a file, a row in memory",
        "the same, with the version of the user",
    ):  # fmt: skip
        assert f"  {layer} " in printed, layer


def test_counting_has_its_price() -> None:
    """What metrics cost is set beside a whole completion of the same run."""
    printed = measured("counting.py", "--rounds", "1", "--times", "40")
    assert "a call is counted" in printed
    assert "of a completion" in printed
