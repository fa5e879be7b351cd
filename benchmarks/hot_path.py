"""Where the time of a completion goes: Ultra under load, with a profiler beside it or inside it.

    python benchmarks/hot_path.py [--stream] [--seconds 8] [--lines 25] [--py-spy PATH] [--tree DIR]

With py-spy (a sampler that does not slow anything down; `--py-spy` names the program) the share of samples is
printed by line and by function; without it cProfile runs inside Ultra and calls are counted, which flatters whatever
makes few calls.
"""

import argparse
import io
import pstats
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from contenders import (
    PYTHON,
    ROOT,
    ULTRA,
    Contender,
    announced_port,
    running,
    ultra_key,
    ultra_toml,
    wait_until_healthy,
)
from run import MOST, SLOTS, Load, stage, warm_up

FOREIGN = "site-packages"
IDLE = {"concurrent/futures/thread.py _worker", "threading.py Condition.wait", "asyncio/runners.py Runner.run"}
"""Threads that wait for work, which a sampler takes for busy ones."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stream", action="store_true", help="streams of 50 chunks instead of whole answers")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--lines", type=int, default=25, help="how many lines are shown")
    parser.add_argument("--py-spy", help="path of py-spy")
    parser.add_argument("--tree", type=Path, default=ROOT, help="another tree of this repository")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ultra-profile-") as name:
        text = profiled(given, Path(name))
    print(text)
    return 0


def profiled(given: argparse.Namespace, folder: Path) -> str:
    """Put Ultra under load and return what its profile says."""
    slot = "streams" if given.stream else "many"
    found = folder / "profile"
    inside = [] if given.py_spy else ["-m", "cProfile", "-o", str(found)]
    with stage((), folder, {"delay_ms": 100.0}) as (load, _, upstream):
        (folder / "ultra").mkdir()
        (folder / "ultra" / "ultra.toml").write_text(ultra_toml(upstream))
        environment = ULTRA | {"PYTHONPATH": str(given.tree.resolve() / "backend")}
        key = ultra_key(folder / "ultra", environment)
        command = [PYTHON, *inside, "-m", "ultra", "serve", "--port", "0"]
        with running(command, folder=folder / "ultra", **environment) as process:
            port = announced_port(process, folder / "ultra")
            wait_until_healthy(port, "/health/ready", process)
            contender = Contender("ultra", process.pid, 0.0, dict.fromkeys(upstream, port), key=key)
            warm_up(load, [contender], [slot])
            if given.py_spy:
                _record(given, found, process.pid, load, contender, slot)
            else:
                _ask(load, contender, slot, given.seconds)
    return _by_line(found, given.lines) if given.py_spy else _by_call(found, given.lines)


def _ask(load: Load, contender: Contender, slot: str, seconds: float) -> None:
    what = SLOTS[slot]
    load.do(contender.job(what.door, stream=what.stream, at_a_time=what.at_a_time, seconds=seconds, most=MOST))


def _record(given: argparse.Namespace, found: Path, pid: int, load: Load, contender: Contender, slot: str) -> None:
    command = [
        given.py_spy, "record", "--pid", str(pid), "--duration", str(max(1, int(given.seconds))), "--rate", "200",
        "--format", "raw", "--output", str(found),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sampler:
        _ask(load, contender, slot, given.seconds + 1)
        sampler.wait(60)


def _by_line(found: Path, lines: int) -> str:
    """Add samples up: by the line that was running, and by every function above it."""
    own: Counter[str] = Counter()
    under: Counter[str] = Counter()
    total = 0
    for line in found.read_text().splitlines():
        frames, _, count = line.rpartition(" ")
        places = [_place(frame) for frame in frames.split(";")]
        if places[-1].rpartition(":")[0] in IDLE:
            continue
        total += int(count)
        own[places[-1]] += int(count)
        for place in {place.rpartition(":")[0] for place in places}:
            under[place] += int(count)
    rows = [f"{total} samples", "", "by line, own time"]
    rows += [f"  {count / total:6.1%}  {place}" for place, count in own.most_common(lines)]
    rows += ["", "by function, with everything it calls"]
    rows += [f"  {count / total:6.1%}  {place}" for place, count in under.most_common(lines * 4)]
    return "\n".join(rows)


def _place(frame: str) -> str:
    """Shorten `name (/long/path/file.py:12)`."""
    name, _, where = frame.rpartition(" (")
    where = where.rstrip(")")
    for start in (f"{FOREIGN}/", "backend/", "lib/python3.11/"):
        _, cut, rest = where.partition(start)
        if cut:
            where = rest
            break
    path, _, number = where.rpartition(":")
    return f"{path} {name}:{number}"


def _by_call(found: Path, lines: int) -> str:
    shown = io.StringIO()
    statistics = pstats.Stats(str(found), stream=shown).strip_dirs()
    statistics.sort_stats("tottime").print_stats(lines)
    statistics.sort_stats("cumulative").print_stats(lines * 3)
    return shown.getvalue()


if __name__ == "__main__":
    sys.exit(main())
