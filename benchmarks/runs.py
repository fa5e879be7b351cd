"""What a run costs beside its models: wall time against the critical path of its upstream calls.

    python benchmarks/runs.py [--flow council] [--at-once 1,25,200] [--rounds 3] [--json FILE]

A run asks three models, has them review one another and writes a synthesis; every upstream call takes 100 ms. The
critical path of a run is the sum over its stages of the slowest call, as the upstream recorded it; the wall time is
the caller's, from the request to the whole answer. At one run the ratio shows waits that nobody needs; at many it
shows what a run takes of the processor.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from contenders import PYTHON, ULTRA, announced_port, running, ultra_key, wait_until_healthy
from run import HERE

GOALS = {1: 1.05, 200: 1.25}
"""Wall time over critical path, at so many runs at once."""
PANEL = ["one/m", "two/m", "three/m"]
PATIENCE_S = 120.0


def ultra_toml(address: str) -> str:
    """Return an `ultra.toml` with three providers that are one and the same upstream."""
    return "\n".join(
        f'[[providers]]\nname = "{name}"\nbase_url = "{address}"\napi_key = "env:BENCH_KEY"\nmodels = ["m"]\n\n'
        f'[prices."{name}/m"]\ninput = "1.25"\noutput = "10"\n'
        for name in ("one", "two", "three")
    )


def critical_path_s(calls: Sequence[tuple[float, float]]) -> tuple[float, int]:
    """Add up the slowest call of each stage; a stage begins when every call before it has ended. Also its stages."""
    total, stages, stage_end, slowest = 0.0, 0, float("-inf"), 0.0
    for asked, answered in sorted(calls):
        if asked >= stage_end:
            total, stages, slowest = total + slowest, stages + 1, 0.0
        slowest = max(slowest, answered - asked)
        stage_end = max(stage_end, answered)
    return total + slowest, stages


async def one_run(session: aiohttp.ClientSession, base: str, mark: str, flow: str) -> tuple[str, float, str]:
    """Ask one question and return its mark, the seconds it took, and how it ended."""
    question = {"prompt": f"Why is the sky blue? ({mark})", "models": PANEL, "flow": flow, "deadline_s": PATIENCE_S}
    began = time.perf_counter()
    async with session.post(f"{base}/api/analyze", json=question) as response:
        answer = await response.json()
    return mark, time.perf_counter() - began, answer.get("status") if response.status == 200 else json.dumps(answer)


async def at_once(base: str, key: str, upstream: str, flow: str, count: int, first: int) -> list[dict[str, Any]]:
    """Begin `count` runs at the same time and return what became of each."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    headers = {"authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session:
        marks = [f"run-{first + number}" for number in range(count)]
        ended = await asyncio.gather(*(one_run(session, base, mark, flow) for mark in marks))
        async with session.get(f"{upstream}/recorded") as response:
            recorded = await response.json()
    calls = defaultdict(list)
    for mark, asked, answered in recorded:
        calls[mark].append((asked, answered))
    found = []
    for mark, wall_s, status in ended:
        path_s, stages = critical_path_s(calls[mark])
        found.append(
            {"wall_s": wall_s, "path_s": path_s, "stages": stages, "calls": len(calls[mark]), "status": status}
        )
    return found


async def measure(
    base: str, key: str, upstream: str, given: argparse.Namespace
) -> dict[int, list[list[dict[str, Any]]]]:
    """Return every run of every round, by how many were begun at once; the first run of all does not count."""
    numbers = iter(range(0, 10**9, max(given.at_once) + 1))
    await at_once(base, key, upstream, given.flow, 1, next(numbers))
    return {
        count: [await at_once(base, key, upstream, given.flow, count, next(numbers)) for _ in range(given.rounds)]
        for count in given.at_once
    }


def summary(rounds: Sequence[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Return medians over all runs of all rounds, and the worst run's ratio."""
    runs = [run for each in rounds for run in each]
    good = [run for run in runs if run["status"] == "complete" and run["path_s"]]
    ratios = sorted(run["wall_s"] / run["path_s"] for run in good)
    return {
        "runs": len(runs),
        "complete": len(good),
        "stages": statistics.median(run["stages"] for run in good) if good else None,
        "calls": statistics.median(run["calls"] for run in good) if good else None,
        "wall_s": statistics.median(run["wall_s"] for run in good) if good else None,
        "path_s": statistics.median(run["path_s"] for run in good) if good else None,
        "ratio": statistics.median(ratios) if good else None,
        "worst": ratios[-1] if good else None,
        "otherwise": next((run["status"] for run in runs if run["status"] != "complete"), None),
    }


def report(flow: str, rows: dict[int, dict[str, Any]]) -> None:
    """Print a line for each number of runs at once."""
    print(f"flow {flow}, load {os.getloadavg()[0]:.1f}; ratio is wall time over critical path, median of all runs")
    print(f"{'at once':>9}{'complete':>10}{'stages':>8}{'calls':>7}{'wall s':>9}{'path s':>9}{'ratio':>8}{'worst':>8}")
    for count, row in rows.items():
        goal = f"   goal: at most {GOALS[count]:g}" if count in GOALS else ""
        if row["complete"]:
            print(f"{count:9}{row['complete']:6}/{row['runs']:<3}{row['stages']:8.0f}{row['calls']:7.0f}"
                  f"{row['wall_s']:9.3f}{row['path_s']:9.3f}{row['ratio']:8.2f}{row['worst']:8.2f}{goal}")  # fmt: skip
        if row["otherwise"]:
            print(f"          one that was not complete: {row['otherwise'][:300]}")


def run(given: argparse.Namespace) -> dict[int, list[list[dict[str, Any]]]]:
    """Start the upstream and Ultra, and measure."""
    with tempfile.TemporaryDirectory(prefix="ultra-runs-") as name:
        folder = Path(name)
        (folder / "ultra").mkdir()
        command = [PYTHON, str(HERE / "upstream.py"), "--delay-ms", str(given.delay_ms)]
        with running(command, folder=folder / "up") as vendor:
            assert vendor.stdout is not None
            upstream = json.loads(vendor.stdout.readline())["slow"]
            (folder / "ultra" / "ultra.toml").write_text(ultra_toml(upstream))
            environment = ULTRA | {
                "PYTHONPATH": str(HERE.parent / "backend"),
                "ULTRA_RUN_CONCURRENCY": str(max(given.at_once)),
            }
            key = ultra_key(folder / "ultra", environment)
            serve = [PYTHON, "-m", "ultra", "serve", "--port", "0"]
            with running(serve, folder=folder / "ultra", **environment) as process:
                port = announced_port(process, folder / "ultra")
                wait_until_healthy(port, "/health/ready", process)
                return asyncio.run(measure(f"http://127.0.0.1:{port}", key, upstream, given))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flow", default="council", help="council (three stages) or full (four)")
    parser.add_argument("--at-once", type=lambda text: [int(each) for each in text.split(",")], default=[1, 25, 200])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay-ms", type=float, default=100.0, help="how long an upstream call takes")
    parser.add_argument("--json", type=Path, help="file for every run of every round")
    given = parser.parse_args(arguments)
    found = run(given)
    report(given.flow, {count: summary(rounds) for count, rounds in found.items()})
    if given.json:
        given.json.write_text(json.dumps({"load": os.getloadavg(), "at_once": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
