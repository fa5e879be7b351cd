"""Whether two kinds of refusal take the same time, as far as a busy machine can tell."""

import time
from collections.abc import Callable, Mapping
from math import sqrt
from statistics import median

_SHARE = 0.10
"""How far medians may lie apart: a tenth of the smaller."""
_SURE = 4.0
"""How many standard errors of the difference are put down to the machine."""


def interleaved(kinds: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, list[float]]:
    """Return how long each took, in seconds: one after the other, again and again, so that all meet the same load."""
    took: dict[str, list[float]] = {name: [] for name in kinds}
    names = list(kinds)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            begun = time.perf_counter()
            kinds[name]()
            took[name].append(time.perf_counter() - begun)
    return took


def are_alike(took: Mapping[str, list[float]]) -> None:
    """Check that no two medians differ by more than a tenth and what chance explains."""
    names = list(took)
    for number, first in enumerate(names):
        for second in names[number + 1 :]:
            one, other = median(took[first]), median(took[second])
            error = sqrt(_error(took[first]) ** 2 + _error(took[second]) ** 2)
            bound = _SHARE * min(one, other) + _SURE * error
            assert abs(one - other) <= bound, f"{first} takes {one * 1e3:.2f} ms, {second} {other * 1e3:.2f} ms"


def _error(times: list[float]) -> float:
    """Return the standard error of a median, from the median deviation, which a few slow ones do not spoil."""
    middle = median(times)
    spread = 1.4826 * median(abs(each - middle) for each in times)
    return 1.2533 * spread / sqrt(len(times))
