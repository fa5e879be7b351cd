"""What one question asks, and how its answer is put together."""

import pytest

from ultra.domain.limits import Charge, Limit, Place
from ultra.limits.bundle import decide, distinct, name_of

TEN = Limit("ten", 10, 60.0)


def test_charges_of_one_limit_and_key_become_one() -> None:
    """Their weights add up; others stay apart and in order."""
    charges = [Charge(TEN, "a", 2), Charge(TEN, "b"), Charge(TEN, "a", 3)]
    assert distinct(charges) == (Charge(TEN, "a", 5), Charge(TEN, "b"))


def test_two_limits_of_one_name_under_one_key_are_a_mistake() -> None:
    """They would share a counter without meaning the same."""
    with pytest.raises(ValueError, match="Two different limits are called 'ten'"):
        distinct([Charge(TEN, "a"), Charge(Limit("ten", 20, 60.0), "a")])


def test_a_changed_amount_keeps_its_counter() -> None:
    """What was counted before a limit was changed still counts."""
    assert name_of(Charge(TEN, "a")) == name_of(Charge(Limit("ten", 500, 60.0), "a"))


def test_a_refusal_names_what_refused_once() -> None:
    """Limits first, then places, each name once; the longest wait is told."""
    place = Place("p", 1, 30.0)
    decision = decide(
        [Charge(TEN, "a"), Charge(TEN, "b")],
        standings=(),
        waits=[0.5, 0.25],
        places=[place, place],
        full=[True, True],
    )
    assert (decision.allowed, decision.violated, decision.retry_after_s) == (False, ("ten", "concurrency"), 1.0)
