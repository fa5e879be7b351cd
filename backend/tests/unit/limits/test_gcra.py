"""The algorithm: against examples, against exact fractions, and against the moving window of `limits`."""

from collections.abc import Iterator
from fractions import Fraction
from types import SimpleNamespace

import limits.storage.memory
import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits.limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ultra.domain.limits import Limit
from ultra.limits import gcra

SECOND = gcra.SECOND
TEN = Limit("ten", 10, 10.0)


def test_a_burst_passes_and_then_one_a_second() -> None:
    """Of 30 at once against ten in ten seconds ten pass; the next one passes after exactly one second."""
    tat: int | None = None
    allowed = []
    for _ in range(30):
        made = gcra.step(tat, 0, TEN)
        tat = made.tat
        allowed.append(made.allowed)
    assert allowed == [True] * 10 + [False] * 20
    assert (made.remaining, made.reset, made.next, made.retry_after) == (0, 10 * SECOND, SECOND, SECOND)
    assert not gcra.step(tat, SECOND - 1, TEN).allowed
    assert gcra.step(tat, SECOND, TEN).allowed


def test_nothing_counted_is_the_whole_limit() -> None:
    """A limit never charged, or paid off, has everything left and nothing to wait for."""
    untouched = gcra.step(None, 5, TEN, 0)
    assert untouched == gcra.Step(True, 5, 10, 0, 0, 0)
    assert gcra.step(4, 5, TEN, 0) == untouched


def test_a_weight_of_nothing_always_passes_and_changes_nothing() -> None:
    """A look at an exhausted limit shows it and is not counted."""
    full = gcra.step(None, 0, TEN, 10).tat
    look = gcra.step(full, 0, TEN, 0)
    assert (look.allowed, look.tat, look.remaining) == (True, full, 0)


def test_a_charge_heavier_than_the_limit_waits_until_nothing_is_counted() -> None:
    """It passes alone, and its debt is paid off at the limit's rate before anything else passes."""
    one = gcra.step(None, 0, TEN)
    heavy = gcra.step(one.tat, 0, TEN, 25)
    assert (heavy.allowed, heavy.retry_after) == (False, SECOND)
    heavy = gcra.step(one.tat, SECOND, TEN, 25)
    assert (heavy.allowed, heavy.reset, heavy.remaining) == (True, 25 * SECOND, 0)
    assert gcra.step(heavy.tat, SECOND, TEN).retry_after == 16 * SECOND


def test_a_debt_has_an_end() -> None:
    """Nonsensical weights, and a clock set back, keep out for ten windows at most."""
    absurd = gcra.step(None, 0, TEN, 10**18)
    assert absurd.tat == 100 * SECOND
    assert gcra.corrected(None, 0, TEN, 1, 10**18) == 100 * SECOND
    assert gcra.corrected(500 * SECOND, 0, TEN, 1, 2) == 500 * SECOND


@pytest.mark.parametrize("limit", [Limit("none", 0, 1.0), Limit("never", 1, 0.0), Limit("less", -1, 1.0)])
def test_a_limit_that_cannot_be_counted_is_refused(limit: Limit) -> None:
    """No amount and no window are mistakes, not limits."""
    with pytest.raises(ValueError, match="positive amount and window"):
        gcra.step(None, 0, limit)


def test_weights_below_nothing_are_refused() -> None:
    """A negative weight would give units away."""
    with pytest.raises(ValueError, match="less than nothing"):
        gcra.step(None, 0, TEN, -1)


amounts = st.sampled_from([1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 60])
"""Divisors of a minute, so that a unit's time is whole and fractions agree to the microsecond."""
histories = st.lists(
    st.tuples(st.integers(0, 70 * SECOND), st.integers(0, 15), st.none() | st.integers(0, 20)), max_size=40
)
"""Each: microseconds since the one before, weight, and what it is corrected to at once, if it is."""


@given(amount=amounts, history=histories)
def test_it_agrees_with_a_leaking_bucket_of_exact_fractions(
    amount: int, history: list[tuple[int, int, int | None]]
) -> None:
    """Decision, rest and waiting are those of a level that leaks continuously, step by step, corrections included."""
    limit = Limit("any", amount, 60.0)
    a_unit = Fraction(60 * SECOND, amount)
    tat: int | None = None
    now, level = 0, Fraction(0)
    for pause, weight, actual in history:
        now += pause
        level = max(Fraction(0), level - pause / a_unit)
        made = gcra.step(tat, now, limit, weight)
        assert made.allowed == (weight == 0 or level == 0 or level + weight <= amount)
        if made.allowed:
            level = min(level + weight, max(level, Fraction(10 * amount)))
        assert made.remaining == max(0, int(amount - level))
        assert made.reset == level * a_unit
        tat = made.tat
        if made.allowed and actual is not None:
            tat = gcra.corrected(tat, now, limit, weight, actual)
            level = max(Fraction(0), min(level + actual - weight, max(level, Fraction(10 * amount))))
            assert tat - now == level * a_unit


@given(
    limit=st.builds(Limit, st.just("any"), st.integers(1, 10_000), st.floats(0.01, 100_000)),
    history=st.lists(st.tuples(st.integers(0, 10**10), st.integers(1, 30)), max_size=60),
)
def test_waiting_as_told_is_enough_and_no_more(limit: Limit, history: list[tuple[int, int]]) -> None:
    """Who was refused passes at `retry_after`, not a microsecond before; at `next` there is one unit more."""
    tat: int | None = None
    now = 0
    for pause, weight in history:
        now += pause
        made = gcra.step(tat, now, limit, weight)
        if not made.allowed:
            assert made.tat == (tat if tat is not None else now)
            assert gcra.step(tat, now + made.retry_after, limit, weight).allowed
            assert not gcra.step(tat, now + made.retry_after - 1, limit, weight).allowed
        if made.next:
            assert gcra.standing(made.tat, now + made.next, limit).remaining > made.remaining
            assert gcra.standing(made.tat, now + made.next - 1, limit).remaining == made.remaining
        assert 0 <= made.remaining <= limit.amount
        tat = made.tat


@given(
    amount=st.integers(1, 1000),
    window_s=st.floats(0.1, 10_000),
    history=st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 40)), min_size=1, max_size=60),
)
def test_never_more_than_the_burst_and_the_rate(amount: int, window_s: float, history: list[tuple[int, int]]) -> None:
    """Between any two moments at most the amount, what came back meanwhile and one overweight charge pass."""
    limit = Limit("any", amount, window_s)
    tat: int | None = None
    now = 0
    passed: list[tuple[int, int]] = []
    for pause, weight in history:
        now += pause
        made = gcra.step(tat, now, limit, weight)
        tat = made.tat
        if made.allowed:
            passed.append((now, weight))
    for index, (since, _) in enumerate(passed):
        later = passed[index:]
        total = sum(weight for _, weight in later)
        overweight = max(0, later[-1][1] - amount)
        rounding = Fraction(len(later) * amount, gcra.window_of(limit))
        rate = Fraction(amount, gcra.window_of(limit))
        assert total <= amount + (later[-1][0] - since) * rate + rounding + overweight


class _Clock:
    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def time(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def clock() -> Iterator[_Clock]:
    """Let `limits` read a clock that a test moves."""
    given_clock = _Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits.storage.memory, "time", SimpleNamespace(time=given_clock.time))
        yield given_clock


@given(
    amount=st.integers(1, 12),
    window_s=st.integers(1, 20),
    pauses=st.lists(st.integers(0, 40), min_size=1, max_size=80),
)
def test_it_is_never_stricter_than_a_moving_window_and_at_most_twice_as_generous(
    clock: _Clock, amount: int, window_s: int, pauses: list[int]
) -> None:
    """Against `limits` on the same arrivals (quarters of a second apart).

    At every moment at least as many have passed as its moving window lets pass: such a set never exceeds burst and
    rate, and admitting as early as possible admits most. Tolerance the other way: in any one window at most twice the
    amount, since a burst may come on top of what has come back.
    """
    oracle = MovingWindowRateLimiter(MemoryStorage())
    item = RateLimitItemPerSecond(amount, window_s)
    limit = Limit("any", amount, float(window_s))
    tat: int | None = None
    ours: list[float] = []
    theirs = 0
    for quarters in pauses:
        clock.seconds += quarters / 4
        made = gcra.step(tat, round(clock.seconds * SECOND), limit)
        tat = made.tat
        if made.allowed:
            ours.append(clock.seconds)
        theirs += oracle.hit(item, "key")
        assert len(ours) >= theirs
        assert sum(at > clock.seconds - window_s for at in ours) <= 2 * amount
