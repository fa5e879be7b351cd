"""What the figures are to be, and whether they are: printed under the tables of `run.py`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = dict[str, Any]
Found = Mapping[str, Mapping[str, Sequence[Figures]]]
"""Figures by slot, contender and round."""

US = "ultra"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of ours against that of another contender in the same round."""

    sentence: str
    slot: str
    figure: str
    of: str
    how: str
    """`times`: at least so many times as much; `above`: less than so much more."""
    bound: float


GOALS = (
    Goal("whole answers a second at 32 at a time, times bare", "many", "rps", "bare", "times", 0.45),
    Goal("whole answers a second at 32 at a time, times LiteLLM", "many", "rps", "litellm", "times", 40),
    Goal("whole answers a second at 32 at a time, times Portkey", "many", "rps", "portkey", "times", 4),
    Goal("streams a second at 32 at a time, times LiteLLM", "streams", "rps", "litellm", "times", 70),
    Goal("streams a second at 32 at a time, times Portkey", "streams", "rps", "portkey", "times", 2.3),
    Goal("added to an answer of 100 ms, p50, ms", "added", "p50_ms", "direct", "above", 1.0),
    Goal("added to the first chunk after 100 ms, p50, ms", "first", "first_p50_ms", "direct", "above", 1.0),
)
ALONE = (("memory after the load, MB", "rss_mb", 150.0), ("start to the first healthy answer, s", "start_s", 2.0))


def lines(found: Found, alone: Mapping[str, float | None], middle: Callable[[Sequence[float]], float]) -> list[str]:
    """Return a line for each goal: what was found, what it is to be, and whether it is; `alone` has figures of ours."""
    shown = [_line(goal.sentence, _measured(goal, found, middle), goal.bound, goal.how == "times") for goal in GOALS]
    return shown + [_line(sentence, alone.get(name), bound, False) for sentence, name, bound in ALONE]


def _measured(goal: Goal, found: Found, middle: Callable[[Sequence[float]], float]) -> float | None:
    by_contender = found.get(goal.slot, {})
    ours, theirs = by_contender.get(US, ()), by_contender.get(goal.of, ())
    pairs = [(mine.get(goal.figure), other.get(goal.figure)) for mine, other in zip(ours, theirs, strict=False)]
    if not pairs or not all(mine and other for mine, other in pairs):
        return None
    return middle([mine - other if goal.how == "above" else mine / other for mine, other in pairs])


def _line(sentence: str, value: float | None, bound: float, is_least: bool) -> str:
    wanted = f"{'at least' if is_least else 'under'} {bound:g}"
    if value is None:
        return f"  {sentence:58}{'-':>9}   {wanted:14} not measured"
    is_met = value >= bound if is_least else value < bound
    return f"  {sentence:58}{value:9.2f}   {wanted:14} {'met' if is_met else 'NOT MET'}"
