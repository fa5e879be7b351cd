"""Tests of finding and working out sums."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.mock import arithmetic


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("What is 17 * 23?", "391"),
        ("what is 17 × 23", "391"),
        ("What is 17 times 23?", "391"),
        ("2+2", "4"),
        ("Compute (2 + 3)^2 - 4/3.", "23.6667"),
        ("What is 15% of 80?", "12"),
        ("What is 15 percent of 80?", "12"),
        ("How much is 1,000 + 1?", "1001"),
        ("What's 7 divided by 8?", "0.875"),
        ("What is 12 squared plus 5?", "149"),
        ("What is -3 - -5?", "2"),
        ("What is 2^-2?", "0.25"),
        ("What is 2**10?", "1024"),
        ("What is 10 - 4 - 3?", "3"),
        ("What is 2^3^2?", "512"),
        ("(What is 6 / 4)", "1.5"),
        ("What is 1 - 1.5?", "-0.5"),
    ],
)
def test_works_out(text, answer):
    """A sum in words or signs is worked out exactly."""
    found = arithmetic.find(text)
    assert found is not None
    assert found.answer == answer


@pytest.mark.parametrize(
    "text",
    [
        "What happened on 2026-11-22?",
        "Read pages 3-4 of the book.",
        "What is 9^9^9?",
        "What is 1/0?",
        "What is 0^-1?",
        "Explain photosynthesis.",
        "What is " + "(" * 100 + "1+1" + ")" * 100,
        "What is " + "9*" * 300 + "9?",
        "",
    ],
)
def test_leaves_alone(text):
    """Dates, ranges, impossible and unreasonable sums are none."""
    assert arithmetic.find(text) is None


@given(st.integers(-999, 999), st.sampled_from("+-*/"), st.integers(1, 999))
def test_agrees_with_fractions(left, sign, right):
    """Two operands give what exact arithmetic gives."""
    expected = {
        "+": Fraction(left + right),
        "-": Fraction(left - right),
        "*": Fraction(left * right),
        "/": Fraction(left, right),
    }[sign]
    assert arithmetic.evaluate(f"{left} {sign} {right}") == expected


@given(st.text(alphabet="0123456789.+-*/^%() of", max_size=60))
def test_never_breaks(text):
    """Any characters are a value or `NotASum`."""
    try:
        value = arithmetic.evaluate(text)
    except arithmetic.NotASum:
        return
    assert isinstance(value, Fraction)


@given(st.fractions(min_value=-1000, max_value=1000))
def test_writes_within_rounding(value):
    """A written number is the value to four places, without an exponent."""
    text = arithmetic.write(value)
    assert "e" not in text
    assert abs(Fraction(text) - value) <= Fraction(1, 20000)


@pytest.mark.parametrize(
    ("question", "variant", "told"),
    [
        ("What is 17 * 23?", 0, "17 × 20 = 340 and 17 × 3 = 51, together 391."),
        ("What is 17 * 23?", 1, "23 × 10 = 230 and 23 × 7 = 161, together 391."),
        ("What is 17 * 20?", 0, "Multiplying 17 by 20 gives 340."),
        ("What is 17 + 23?", 0, "Working out 17 + 23 step by step gives 40."),
    ],
)
def test_tells_how_it_came_to_a_result(question, variant, told):
    """A product is split into easier ones, in one of two ways; other sums are told as they are."""
    found = arithmetic.find(question)
    assert arithmetic.way(found, found.answer, variant=variant) == told
