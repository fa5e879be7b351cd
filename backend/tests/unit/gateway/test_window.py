"""Counting over the recent past."""

from hypothesis import given
from hypothesis import strategies as st

from ultra.gateway.window import Tally


def test_recent_events_are_counted() -> None:
    """Events and hits of the last half window are all there."""
    tally = Tally(10)
    tally.add(0, hit=True)
    tally.add(4, hit=False)
    assert tally.totals(4.9) == (2, 1)
    tally.add(6, hit=True)
    assert tally.totals(9) == (3, 2)


def test_old_events_are_forgotten() -> None:
    """What is older than the window no longer counts, also after a long pause."""
    tally = Tally(10)
    tally.add(0, hit=True)
    assert tally.totals(5) == (1, 1)
    assert tally.totals(10) == (0, 0)
    tally.add(11, hit=True)
    assert tally.totals(1000) == (0, 0)


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), min_size=1, max_size=60))
def test_totals_lie_between_half_and_whole_window(steps: list[tuple[float, bool]]) -> None:
    """A tally never tells more than the whole window saw, and never less than its last half did."""
    tally, now, seen = Tally(10), 0.0, []
    for step, hit in steps:
        now += step
        tally.add(now, hit=hit)
        seen.append((now, hit))
    count, hits = tally.totals(now)
    assert count <= sum(at >= now - 10.001 for at, _ in seen)
    assert count >= sum(at > now - 4.999 for at, _ in seen)
    assert hits <= count
    assert hits <= sum(hit for at, hit in seen if at >= now - 10.001)
