"""Tests of judging statements about numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.mock.divisors import find, smallest_divisor


@pytest.mark.parametrize(
    ("question", "is_true", "reason"),
    [
        ("Is 221 prime?", False, "221 = 13 × 17, so it is not prime."),
        ("Is 97 a prime number?", True, "97 has no divisor other than 1 and itself, so it is prime."),
        ("Is 1 prime?", False, "1 is not prime, because a prime has exactly two divisors."),
        ("Is 221 composite?", True, "221 = 13 × 17, so it is not prime."),
        ("Is 1,001 divisible by 7?", True, "1001 = 7 × 143."),
        ("Is 7 a divisor of 22?", False, "22 divided by 7 is 3 with a remainder of 1."),
        ("Is 5 divisible by 0?", False, "Nothing can be divided by 0."),
        ("Is 12 even?", True, "12 ends in 2, so it is even."),
        ("Is 144 a perfect square?", True, "144 = 12 × 12."),
        ("Is 145 a square?", False, "145 lies between 12 × 12 = 144 and 13 × 13 = 169."),
        ("Is 9.11 larger than 9.9?", False, "9.9 is larger than 9.11."),
        ("Is -3 less than 2?", True, "2 is larger than -3."),
        ("Is 2.0 greater than 2?", False, "2.0 and 2 are equal."),
    ],
)
def test_judges(question, is_true, reason):
    """A statement about whole numbers is judged, with a reason one can follow."""
    judged = find(question)
    assert (judged.is_true, judged.reason) == (is_true, reason)
    assert judged.mistaken != judged.reason


@pytest.mark.parametrize("question", ["Is Optimus prime?", "Is 99999999999999999 prime?", ""])
def test_judges_nothing_else(question):
    """Where there is no number, or too large a one, nothing is judged."""
    assert find(question) is None


@given(st.integers(2, 3000))
def test_the_smallest_divisor_divides(value):
    """It divides, and nothing smaller does."""
    divisor = smallest_divisor(value)
    assert value % divisor == 0
    assert all(value % each for each in range(2, divisor))
