"""Ultra against the limit and against other gateways, all in one interleaved run; prints figures and their ratios.

    python benchmarks/run.py [--contenders bare,ultra] [--slots single,many] [--seconds 2] [--rounds 5] [--json FILE]

Every contender is started once and stays; then, round after round, each slot is given to each contender in turn, so
that a bad moment of the machine hits them all. Figures are medians over the rounds, ratios are medians of the ratios
within each round. All traffic stays on 127.0.0.1.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import goals
from contenders import CONTENDERS, HERE, PYTHON, Contender, NotInstalled, running


@dataclass(frozen=True, slots=True)
class Slot:
    """One kind of load: through which door of the upstream, and how many at a time."""

    door: str
    stream: bool
    at_a_time: int
    sentence: str


SLOTS = {
    "single": Slot("short", False, 1, "whole answers, 1 at a time"),
    "many": Slot("short", False, 32, "whole answers, 32 at a time"),
    "streams": Slot("chunks", True, 32, "streams of 50 chunks, 32 at a time"),
    "added": Slot("slow", False, 1, "whole answers, 1 at a time, upstream takes 100 ms"),
    "first": Slot("slow", True, 1, "streams, 1 at a time, upstream takes 100 ms"),
}
MOST = 200_000
"""Requests in one slot, whatever its seconds."""
WARM_UP = 40

Figures = dict[str, Any]


class Load:
    """The program that asks, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def do(self, job: Mapping[str, Any]) -> Figures:
        """Have one job done."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The load generator has ended.")
        return dict(json.loads(line))


def measure(load: Load, contender: Contender, slot: Slot, seconds: float) -> Figures:
    """Give one slot to one contender."""
    before = contender.cpu_s()
    job = contender.job(slot.door, stream=slot.stream, at_a_time=slot.at_a_time, seconds=seconds, most=MOST)
    result = load.do(job)
    done = result["done"]
    used = contender.cpu_s() - before
    return result | {
        "rps": done / result["seconds"],
        "cpu_us": used / done * 1e6 if done else None,
        "load_1m": os.getloadavg()[0],
    }


def interleave(
    load: Load, contenders: Sequence[Contender], slots: Sequence[str], *, seconds: float, rounds: int
) -> dict[str, dict[str, list[Figures]]]:
    """Return figures by slot, contender and round."""
    found: dict[str, dict[str, list[Figures]]] = {slot: {each.name: [] for each in contenders} for slot in slots}
    for number in range(rounds):
        for name in slots:
            turn = number % len(contenders)
            for contender in [*contenders[turn:], *contenders[:turn]]:
                found[name][contender.name].append(measure(load, contender, SLOTS[name], seconds))
        _say(f"round {number + 1} of {rounds} done, load {os.getloadavg()[0]:.1f}")
    return found


# --- what is printed --------------------------------------------------------------------------------------------------


def middle(rounds: Sequence[Figures], figure: str) -> float | None:
    """Return the median of one figure over the rounds; None when a round lacks it."""
    values = [each[figure] for each in rounds]
    return None if None in values or not values else statistics.median(values)


def ratio(ours: Sequence[Figures], theirs: Sequence[Figures], figure: str) -> float | None:
    """Return the median of the ratios within each round."""
    pairs = [(mine[figure], other[figure]) for mine, other in zip(ours, theirs, strict=True)]
    return statistics.median(mine / other for mine, other in pairs) if all(a and b for a, b in pairs) else None


def surplus(ours: Sequence[Figures], direct: Sequence[Figures], figure: str) -> float | None:
    """Return the median over the rounds of what is added to the direct way."""
    pairs = [(mine[figure], other[figure]) for mine, other in zip(ours, direct, strict=True)]
    return statistics.median(mine - other for mine, other in pairs) if all(a and b for a, b in pairs) else None


def report(found: Mapping[str, Mapping[str, list[Figures]]], baseline: str) -> None:
    """Print one table for each slot; `cpu x` and `rps x` are ratios against the baseline."""
    for name, by_contender in found.items():
        print(f"\n{name}: {SLOTS[name].sentence}")
        print(f"  {'':10}{'rps':>9}{'rps x':>7}{'cpu us':>9}{'cpu x':>7}{'p50 ms':>9}{'p99 ms':>9}"
              f"{'first ms':>10}{'+p50 ms':>9}{'+first':>8}{'errors':>8}")  # fmt: skip
        yardstick, nobody = by_contender.get(baseline), by_contender.get("direct")
        for contender, rounds in by_contender.items():
            against = None if yardstick is None else (
                ratio(rounds, yardstick, "rps"), ratio(rounds, yardstick, "cpu_us"),
            )  # fmt: skip
            added = None if nobody is None or contender == "direct" else (
                surplus(rounds, nobody, "p50_ms"), surplus(rounds, nobody, "first_p50_ms"),
            )  # fmt: skip
            print(
                f"  {contender:10}{_shown(middle(rounds, 'rps'), 9, 0)}{_shown(against and against[0], 7, 2)}"
                f"{_shown(middle(rounds, 'cpu_us'), 9, 0)}{_shown(against and against[1], 7, 2)}"
                f"{_shown(middle(rounds, 'p50_ms'), 9, 2)}{_shown(middle(rounds, 'p99_ms'), 9, 2)}"
                f"{_shown(middle(rounds, 'first_p50_ms'), 10, 2)}{_shown(added and added[0], 9, 2)}"
                f"{_shown(added and added[1], 8, 2)}{sum(each['errors'] for each in rounds):8}"
            )
        for contender, rounds in by_contender.items():
            sample = next((each["sample"] for each in rounds if each["sample"]), None)
            if sample:
                print(f"  {contender} answered: {sample[:500]!r}")


def _shown(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if not value else f"{value:{width}.{digits}f}"


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


# --- the run ----------------------------------------------------------------------------------------------------------


@contextmanager
def stage(
    names: Sequence[str], folder: Path, options: Mapping[str, Any]
) -> Iterator[tuple[Load, list[Contender], Mapping[str, str]]]:
    """Start the upstream, the load generator and every contender that is present."""
    with ExitStack() as stack:
        vendor = stack.enter_context(
            running([PYTHON, str(HERE / "upstream.py"), "--delay-ms", str(options["delay_ms"])], folder=folder / "up")
        )
        assert vendor.stdout is not None
        upstream = json.loads(vendor.stdout.readline())
        asker = stack.enter_context(running([PYTHON, str(HERE / "load.py")], folder=folder / "load"))
        present = []
        for name in names:
            try:
                present.append(stack.enter_context(CONTENDERS[name](upstream, folder / name, **options)))
            except NotInstalled as missing:
                print(f"{name}: not installed ({missing})")
        yield Load(asker), present, upstream


def warm_up(load: Load, contenders: Sequence[Contender], slots: Sequence[str]) -> None:
    """Ask a little through every door; nothing of it counts."""
    for contender in contenders:
        for slot in slots:
            job = contender.job(SLOTS[slot].door, stream=SLOTS[slot].stream, at_a_time=4, seconds=5.0, most=WARM_UP)
            load.do(job)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Measure and return everything that was found."""
    options = {name: getattr(given, name) for name in ("nginx", "before", "litellm", "portkey", "delay_ms")}
    with (
        tempfile.TemporaryDirectory(prefix="ultra-bench-") as name,
        stage(given.contenders, Path(name), options) as (load, contenders, _),
    ):
        idle = {each.name: each.rss_mb() for each in contenders}
        warm_up(load, contenders, given.slots)
        found = interleave(load, contenders, given.slots, seconds=given.seconds, rounds=given.rounds)
        memory = {each.name: {"idle": idle[each.name], "loaded": each.rss_mb()} for each in contenders}
        starts = {each.name: each.start_s for each in contenders}
    return {
        "machine": {"python": platform.python_version(), "cores": os.cpu_count(), "load": os.getloadavg()},
        "seconds": given.seconds,
        "rounds": given.rounds,
        "start_s": starts,
        "rss_mb": memory,
        "slots": found,
    }


def words(allowed: Sequence[str]) -> Any:
    """Return a reader of words separated by commas."""

    def read(text: str) -> list[str]:
        chosen = [word for word in text.split(",") if word]
        if unknown := [word for word in chosen if word not in allowed]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose from {', '.join(allowed)}")
        return chosen

    return read


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = list(CONTENDERS)
    parser.add_argument("--contenders", type=words(names), default=names, help=f"of {', '.join(names)}")
    parser.add_argument("--slots", type=words(list(SLOTS)), default=list(SLOTS), help=f"of {', '.join(SLOTS)}")
    parser.add_argument("--seconds", type=float, default=2.0, help="of one slot")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--baseline", default="bare", help="whom ratios are against")
    parser.add_argument("--delay-ms", type=float, default=100.0, help="of the slow upstream")
    parser.add_argument("--nginx", help="path of the program, if it is not in PATH")
    parser.add_argument("--before", help="another tree of this repository, to see what a change does")
    parser.add_argument("--litellm", help="folder of a virtual environment with litellm[proxy] in it")
    parser.add_argument("--portkey", help="folder with node_modules/@portkey-ai/gateway in it")
    parser.add_argument("--json", type=Path, help="file for all figures of all rounds")
    given = parser.parse_args(arguments)
    found = run(given)
    machine = found["machine"]
    print(f"Python {machine['python']}, {machine['cores']} cores, load {machine['load'][0]:.1f} at the end,"
          f" medians of {given.rounds} rounds of {given.seconds:g} s; x is against {given.baseline}")  # fmt: skip
    for name, seconds in found["start_s"].items():
        memory = found["rss_mb"][name]
        if name != "direct":
            print(f"  {name:10} start {seconds:.2f} s, RSS {memory['idle']:.0f} -> {memory['loaded']:.0f} MB")
    report(found["slots"], given.baseline)
    print("\ngoals, everything switched on, one worker (a busy machine keeps them from being met, and no other counts)")
    ours = {"rss_mb": found["rss_mb"].get("ultra", {}).get("loaded"), "start_s": found["start_s"].get("ultra")}
    print("\n".join(goals.lines(found["slots"], ours, statistics.median)))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
