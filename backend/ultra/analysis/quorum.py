"""When a round may close: pure predicates over the answers so far, and how long to wait for the rest."""

import math
from collections.abc import Sequence
from statistics import median

from ultra.domain.analysis import Answer

MINIMUM_GRACE_S = 1.0
GRACE_SHARE = 0.5
PATIENCE = 3.0
"""The grace for the strongest member is this many times longer: slow members are often the strong ones."""


def quorum(asked: int) -> int:
    """Return how many answers are enough: two thirds rounded up, at least two, never more than were asked."""
    return min(asked, max(2, math.ceil(2 * asked / 3)))


def quorum_reached(answers: Sequence[Answer], asked: int) -> bool:
    """Has a quorum answered? Failed answers do not count."""
    return sum(answer.status == "ok" for answer in answers) >= quorum(asked)


def is_unassailable(votes: Sequence[int], *, asked: int) -> bool:
    """Can those who are missing no longer change who has the majority?

    `votes` counts the votes for each value. True when one value has more than half of all votes there could be.
    """
    return 2 * max(votes, default=0) > asked


def grace(durations: Sequence[float], *, strongest_missing: bool) -> float:
    """Return how many seconds to wait for stragglers once there is enough.

    `durations` are the seconds that the finished answers took.
    """
    usual = max(MINIMUM_GRACE_S, GRACE_SHARE * median(durations)) if durations else MINIMUM_GRACE_S
    return usual * PATIENCE if strongest_missing else usual
