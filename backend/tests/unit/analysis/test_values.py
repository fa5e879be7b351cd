"""Typed values are read from text, or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies

from ultra.analysis.numbers import numbers_in
from ultra.analysis.values import marked_answer, options_of, parse

CHOICES = "Which is a mammal?\nA) the whale\nB) the shark\nC) the squid"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So it is.\nAnswer: 42", "42"),
        ("**Answer:** 42.", "42"),
        ("Final answer: **Paris**", "Paris"),
        ("reasoning\n#### 1,000", "1,000"),
        (r"thus \boxed{17}", "17"),
        ("First I thought the answer is 3.\nAnswer: 4", "4"),
        ("The answer is B.", "B"),
        ("There is no answer to this", None),
        ("", None),
    ],
)
def test_marks_are_found(text: str, expected: str | None) -> None:
    """The last thing an answer marks as final counts."""
    assert marked_answer(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.5", "1234.5"),
        ("1 234", "1234"),
        ("-7", "-7"),
        ("\u22127", "-7"),
        ("3/4", "0.75"),
        ("2.5 million", "2500000"),
        ("$1,200", "1200"),
        ("12%", "12"),
        ("twelve", "12"),
        ("6.02e23", "6.02e23"),
        ("3,5", "3.5"),
    ],
)
def test_numbers_are_read_as_written(text: str, expected: str) -> None:
    """Signs, separators, fractions, scales and words are understood."""
    (number,) = numbers_in(text)
    assert number.amount == Decimal(expected)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("5 km", "5000 m", True),
        ("5 km", "5 m", False),
        ("5 km", "5", True),
        ("50%", "0.5", True),
        ("50%", "50", True),
        ("3.14", "3.14159", True),
        ("3.1", "3.14159", False),
        ("90 minutes", "1.5 hours", True),
        ("$5", "€5", False),
        ("100", "1000", False),
        ("999999999", "1000000000", False),
        ("1000000000", "1000000000.0", True),
        ("1234567890123456789012345678901", "1234567890123456789012345678902", False),
        ("1/3", "0.3333333333", True),
        ("1000000000 km", "1000000000001 m", False),
        ("2.5 billion", "2500000001", False),
    ],
)
def test_units_and_precision_are_respected(one: str, other: str, is_same: bool) -> None:
    """Amounts are converted, and rounded only where enough digits are shown."""
    first = parse("number", f"Answer: {one}", "How much?")
    second = parse("number", f"Answer: {other}", "How much?")
    assert first is not None
    assert second is not None
    assert first.same(second) is second.same(first) is is_same


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She pays 3 * 4 = 12 dollars.", "12"),
        ("There are 7 days and 24 hours, so it makes **168** hours.", "168"),
        ("It depends: 3 or 4.", None),
        ("No number here.", None),
    ],
)
def test_unmarked_numbers_count_when_there_is_no_doubt(text: str, expected: str | None) -> None:
    """A number stands out by bold type, by being the only new one, or by ending the last calculation."""
    value = parse("number", text, "How much is it, with 3 things at 4 each?")
    assert (value.shown if value else None) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", "A"),
        ("(A) the whale", "A"),
        ("Answer: A", "A"),
        ("**A**", "A"),
        ("A. It breathes air, unlike B and C.", "A"),
        ("the whale", "A"),
        ("I would say option A, not the others.", "A"),
        ("A whale is a mammal", None),
        ("It is either A or B.", None),
        ("D", None),
    ],
)
def test_choices_are_letters_on_offer(text: str, expected: str | None) -> None:
    """A letter counts where it is meant as one, and only if it was offered."""
    value = parse("choice", text, CHOICES)
    assert (value.shown if value else None) == expected


def test_options_are_found_in_a_line_too() -> None:
    """Options may stand in brackets within a sentence."""
    assert dict(options_of("Is it (A) red, (B) green or (C) blue?")) == {"A": "red", "B": "green", "C": "blue"}
    assert not options_of("Plan A is better.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes, because it is.", "yes"),
        ("Answer: No", "no"),
        ("**True**", "yes"),
        ("Nobody knows.", None),
        ("Maybe", None),
    ],
)
def test_booleans_open_the_answer(text: str, expected: str | None) -> None:
    """Yes and no count at the beginning or where they are marked."""
    value = parse("boolean", text, "Yes or no?")
    assert (value.shown if value else None) == expected


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        ("It was on 2024-03-12.", "When?", "2024-03-12"),
        ("on the 12th of March 2024", "When?", "2024-03-12"),
        ("March 12, 2024", "When?", "2024-03-12"),
        ("It was finished in 1889.", "In what year?", "1889"),
        ("March 31, 1889", "In what year?", "1889"),
        ("between 1887 and 1889", "In what year?", None),
        ("long ago", "When?", None),
    ],
)
def test_dates_have_one_form(text: str, question: str, expected: str | None) -> None:
    """Dates are compared as ISO dates, or as years where a year was asked for."""
    value = parse("date", text, question)
    assert (value.shown if value else None) == expected


@given(strategies.text(max_size=300), strategies.text(max_size=100))
def test_parsers_take_any_text(text: str, question: str) -> None:
    """Whatever a model writes, a parser returns a value or None."""
    for kind in ("number", "choice", "boolean", "date", "json", "text"):
        value = parse(kind, text, question)
        assert value is None or value.same(value)


@given(strategies.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=3))
def test_a_marked_number_reads_back(amount: Decimal) -> None:
    """A number written plainly is read as itself."""
    value = parse("number", f"Some words.\nAnswer: {amount:f}", "How much?")
    assert value is not None
    assert value.number is not None
    assert value.number.amount == amount


@pytest.mark.parametrize(
    "piece", ["-", "\n", " ", "(A) ", "1 ", "1,234 ", "**", "_", "= 1", "the ", "```\n", "#### ", "or "]
)
def test_long_and_strange_texts_take_no_time(piece: str) -> None:
    """A megabyte of anything is read in linear time, as an answer and as a question."""
    text = piece * (1_000_000 // len(piece))
    for kind in ("number", "choice", "boolean", "date", "json", "text"):
        parse(kind, text, "How many?")
        parse(kind, "Answer: 4", text[:100_000])
    options_of(text)
