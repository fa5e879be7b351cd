"""How long Ultra takes to start, beside what its own interpreter takes to start.

    python benchmarks/start.py [--rounds 7] [--json FILE]

ready    `ultra serve` in development until the first healthy answer; the database is there already (a second start)
help     `ultra --help`
ask      `ultra ask` in development until it has ended, with mock servers that answer as fast as they can
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from contenders import PYTHON, ROOT, announced_port, running, wait_until_healthy

GOALS_S = {"ready": 2.0, "help": 0.5}
ENVIRONMENT = {"ENVIRONMENT": "development", "ULTRA_MOCK_TOKENS_PER_SECOND": "0", "PYTHONPATH": str(ROOT / "backend")}
ULTRA = [PYTHON, "-m", "ultra"]


def ready(folder: Path) -> float:
    """Return the seconds from the start of a server to its first healthy answer."""
    began = time.perf_counter()
    with running([*ULTRA, "serve", "--port", "0"], folder=folder, **ENVIRONMENT) as process:
        wait_until_healthy(announced_port(process, folder), "/health/ready", process)
        return time.perf_counter() - began


def command(*arguments: str) -> Callable[[Path], float]:
    """Return what measures one command from its start to its end."""

    def seconds(folder: Path) -> float:
        environment = {"PATH": os.environ.get("PATH", ""), **ENVIRONMENT}
        began = time.perf_counter()
        subprocess.run(
            arguments, cwd=folder, env=environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        return time.perf_counter() - began

    return seconds


MEASURES = {
    "interpreter": command(PYTHON, "-c", "pass"),
    "help": command(*ULTRA, "--help"),
    "ask": command(*ULTRA, "ask", "What is the capital of Australia?", "--model", "openai/gpt-6-astra"),
    "ready": ready,
}


def measure(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of every measure in every round; the first start, which makes the database, does not count."""
    with tempfile.TemporaryDirectory(prefix="ultra-start-") as name:
        folder = Path(name)
        ready(folder)
        found: dict[str, list[float]] = {each: [] for each in MEASURES}
        for _ in range(rounds):
            for each, seconds in MEASURES.items():
                found[each].append(seconds(folder))
    return found


def summary(found: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Return the median of each measure and its ratio to the interpreter's own start in the same round."""
    return [
        {
            "measure": each,
            "median_s": statistics.median(seconds),
            "times_interpreter": statistics.median(
                mine / its for mine, its in zip(seconds, found["interpreter"], strict=True)
            ),
            "goal_s": GOALS_S.get(each),
        }
        for each, seconds in found.items()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="file for all figures of all rounds")
    given = parser.parse_args(arguments)
    found = measure(given.rounds)
    rows = summary(found)
    print(f"load {os.getloadavg()[0]:.1f}, medians of {given.rounds} rounds; x is against the interpreter's own start")
    for row in rows:
        goal = f"   goal: under {row['goal_s']:g} s on an idle core" if row["goal_s"] else ""
        print(f"  {row['measure']:12}{row['median_s']:8.3f} s{row['times_interpreter']:8.1f} x{goal}")
    if given.json:
        given.json.write_text(json.dumps({"load": os.getloadavg(), "rows": rows, "rounds": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
