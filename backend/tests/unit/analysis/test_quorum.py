"""When a round may close is a pure matter of counts and durations."""

import math

import pytest
from hypothesis import given, strategies

from ultra.analysis.quorum import grace, is_unassailable, quorum, quorum_reached
from ultra.domain.analysis import Answer


@pytest.mark.parametrize(("asked", "enough"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (9, 6)])
def test_a_quorum_is_two_thirds_and_at_least_two(asked: int, enough: int) -> None:
    """Two thirds rounded up, never fewer than two, never more than were asked."""
    assert quorum(asked) == enough


def test_failures_are_no_quorum() -> None:
    """Only answers that came count."""
    came = Answer("member-1", "p/m", "answer", "ok", "Yes.")
    failed = Answer("member-2", "p/m", "answer", "failed")
    assert quorum_reached([came, came], 3)
    assert not quorum_reached([came, failed, failed], 3)


@given(
    votes=strategies.lists(strategies.integers(1, 5), max_size=5),
    missing=strategies.integers(0, 5),
    data=strategies.data(),
)
def test_an_unassailable_vote_survives_everybody_else(
    votes: list[int], missing: int, data: strategies.DataObject
) -> None:
    """However the missing ones vote, the leader of an unassailable vote keeps its majority."""
    asked = sum(votes) + missing
    if is_unassailable(votes, asked=asked):
        leader = votes.index(max(votes))
        for _ in range(missing):
            choice = data.draw(strategies.integers(0, len(votes)))
            votes = [*votes, 0] if choice == len(votes) else votes
            votes[choice] += 1
        assert votes[leader] == max(votes)
        assert 2 * votes[leader] > asked


def test_nobody_is_unassailable_without_votes() -> None:
    """An empty count decides nothing."""
    assert not is_unassailable([], asked=0)


@given(durations=strategies.lists(strategies.floats(0, 1000), max_size=9))
def test_the_grace_follows_the_usual_duration(durations: list[float]) -> None:
    """It is a second at least, never longer than half of the slowest, and longer for the strongest."""
    usual = grace(durations, strongest_missing=False)
    assert 1.0 <= usual <= max(1.0, 0.5 * max(durations, default=0.0)) + math.ulp(1000)
    assert grace(durations, strongest_missing=True) > usual
