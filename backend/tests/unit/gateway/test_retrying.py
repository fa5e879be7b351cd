"""Whether to ask again, and after how long."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.errors import InvalidRequest, Overloaded, RateLimited, TimedOut, UltraError, UpstreamFailed
from ultra.gateway.policy import Policy
from ultra.gateway.retrying import RetryBudget, delay

POLICY = Policy(max_attempts=3, backoff_base_s=0.5, backoff_cap_s=8.0)


class _Dice(random.Random):
    """Dice that always show the same face between 0 and 1."""

    def __init__(self, face: float) -> None:
        super().__init__(0)
        self._face = face

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self._face


def _delay(
    error: UltraError, attempt: int = 1, *, deadline: float = 1000.0, face: float = 1.0, policy: Policy = POLICY
):
    return delay(error, attempt, now=0.0, deadline=deadline, dice=_Dice(face), policy=policy)


@pytest.mark.parametrize("error", [Overloaded("x"), UpstreamFailed("x"), TimedOut("x"), RateLimited("x")])
def test_passing_troubles_are_worth_another_try(error: UltraError) -> None:
    """What may go away by itself is tried again."""
    assert _delay(error) is not None


@pytest.mark.parametrize("error", [InvalidRequest("x"), UpstreamFailed("x", retryable=False)])
def test_what_cannot_change_is_not_tried_again(error: UltraError) -> None:
    """A refusal, or an error that says so of itself, is final."""
    assert _delay(error) is None


def test_attempts_are_capped() -> None:
    """The last allowed attempt is not followed by another."""
    assert _delay(Overloaded("x"), 2) is not None
    assert _delay(Overloaded("x"), 3) is None


def test_waits_double_up_to_a_cap_and_use_the_full_jitter() -> None:
    """The longest wait doubles until the cap; the shortest is always zero."""
    patient = Policy(max_attempts=9, backoff_base_s=0.5, backoff_cap_s=3.0)
    longest = [_delay(Overloaded("x"), attempt, policy=patient) for attempt in range(1, 6)]
    assert longest == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert _delay(Overloaded("x"), 4, face=0.0, policy=patient) == 0.0


def test_retry_after_is_waited_out() -> None:
    """The vendor's own delay is the least, and a little chance comes on top so that callers do not return together."""
    assert _delay(RateLimited("x", retry_after=6.0), face=0.0) == 6.0
    assert _delay(RateLimited("x", retry_after=6.0), face=1.0) == 6.5
    assert _delay(RateLimited("x", retry_after=-5.0), face=0.0) == 0.0


def test_nothing_is_tried_that_begins_after_the_deadline() -> None:
    """A wait that does not end before the deadline is not begun."""
    assert _delay(RateLimited("x", retry_after=6.0), deadline=6.6) is not None
    assert _delay(RateLimited("x", retry_after=6.0), deadline=6.5) is None
    assert _delay(Overloaded("x"), deadline=0.5) is None


def test_a_long_delay_is_told_instead_of_kept() -> None:
    """A vendor that asks for more than the longest pause is an error now, not after minutes of silence."""
    assert _delay(RateLimited("x", retry_after=POLICY.backoff_cap_s)) is not None
    assert _delay(RateLimited("x", retry_after=POLICY.backoff_cap_s + 0.1)) is None


@given(
    attempt=st.integers(1, 5),
    retry_after=st.none() | st.floats(0, 500),
    left=st.floats(0, 300),
    seed=st.integers(),
)
def test_a_wait_always_fits(attempt: int, retry_after: float | None, left: float, seed: int) -> None:
    """Whatever is decided ends before the deadline and not before the vendor allows."""
    error = RateLimited("x", retry_after=retry_after)
    wait = delay(error, attempt, now=50.0, deadline=50.0 + left, dice=random.Random(seed), policy=POLICY)
    if wait is not None:
        assert 50.0 + wait < 50.0 + left
        assert wait >= (retry_after or 0.0)
        assert attempt < POLICY.max_attempts


def test_the_budget_allows_a_few_retries_however_quiet_it_is() -> None:
    """The floor is allowed without any calls, and no more."""
    budget = RetryBudget(Policy(retry_floor=3, retry_window_s=10))
    assert [budget.take(0.0) for _ in range(5)] == [True, True, True, False, False]


def test_the_budget_grows_with_the_calls_and_forgets() -> None:
    """About a tenth of the recent calls may be retries; a quiet window later the floor is back."""
    budget = RetryBudget(Policy(retry_floor=3, retry_share=0.1, retry_window_s=10))
    for _ in range(100):
        budget.called(0.0)
    taken = sum(budget.take(1.0) for _ in range(100))
    assert 10 <= taken <= 12
    assert not budget.take(2.0)
    assert budget.take(30.0)
