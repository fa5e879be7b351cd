"""Judges statements about whole numbers: prime, even, odd, divisible, square, larger or smaller."""

import re
from dataclasses import dataclass
from decimal import Decimal
from math import isqrt

_LARGEST = 10**10
"""Beyond this, trying divisors takes noticeable time."""
_NUMBER = r"(-?\d[\d,]*(?:\.\d+)?)"
_WHOLE = r"(\d[\d,]{0,17})"
_IS = r"\b(?:is|are|was|that)?\s*(?:the number\s+)?"
_PRIME = re.compile(rf"{_IS}{_WHOLE}\s+(?:is\s+)?(?:an?\s+)?(prime|composite|even|odd|(?:perfect\s+)?square)\b", re.I)
_DIVISIBLE = re.compile(
    rf"{_IS}{_WHOLE}\s+(?:is\s+)?(?:evenly\s+)?(divisible by|a multiple of|a divisor of|a factor of)\s+{_WHOLE}", re.I
)
_COMPARED = re.compile(
    rf"{_IS}{_NUMBER}\s+(?:is\s+)?(greater|larger|bigger|higher|more|less|smaller|lower)\s+than\s+{_NUMBER}", re.I
)
_LARGER = frozenset({"greater", "larger", "bigger", "higher", "more"})


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a statement about numbers is true, why, and what one says who takes it for the contrary."""

    statement: str
    is_true: bool
    reason: str
    mistaken: str
    way: str = ""
    """How one finds out, where it is worth telling."""


def find(question: str) -> Judged | None:
    """Return the judgement of the first such statement in a question, or None."""
    text = question[:4000]
    if match := _DIVISIBLE.search(text):
        return _divisible(match.group(2).lower(), _whole(match.group(1)), _whole(match.group(3)))
    if (match := _PRIME.search(text)) and _whole(match.group(1)) <= _LARGEST:
        return _of_kind(match.group(2).lower().removeprefix("perfect").strip(), _whole(match.group(1)))
    if match := _COMPARED.search(text):
        return _compared(match.group(2).lower(), match.group(1), match.group(3))
    return None


def smallest_divisor(value: int) -> int:
    """Return the smallest divisor above 1 of a whole number above 1: itself when it is prime."""
    return next((each for each in range(2, isqrt(value) + 1) if value % each == 0), value)


def _whole(text: str) -> int:
    return int(text.replace(",", ""))


def _of_kind(kind: str, value: int) -> Judged:
    if kind in ("even", "odd"):
        reason = f"{value} ends in {value % 10}, so it is {'odd' if value % 2 else 'even'}."
        wrong = f"{value} leaves {'no remainder' if value % 2 else 'a remainder'} when divided by 2."
        return Judged(f"{value} {kind}", (value % 2 == 1) == (kind == "odd"), reason, wrong)
    if kind == "square":
        root = isqrt(value)
        is_square = root * root == value
        between = f"{value} lies between {root} × {root} = {root**2} and {root + 1} × {root + 1} = {(root + 1) ** 2}."
        reason = f"{value} = {root} × {root}." if is_square else between
        return Judged(f"{value} square", is_square, reason, "The square root does not come out as expected.")
    return _prime(kind, value)


def _prime(kind: str, value: int) -> Judged:
    divisor = smallest_divisor(value) if value > 1 else 1
    is_prime = value > 1 and divisor == value
    if is_prime:
        reason = f"{value} has no divisor other than 1 and itself, so it is prime."
        mistaken = f"{value} has a divisor other than 1 and itself, so it is not prime."
    elif value > 1:
        reason = f"{value} = {divisor} × {value // divisor}, so it is not prime."
        mistaken = f"{value} has no divisor other than 1 and itself, so it is prime."
    else:
        reason = f"{value} is not prime, because a prime has exactly two divisors."
        mistaken = f"{value} counts as a prime."
    way = (
        f"No prime up to {isqrt(value)} divides it."
        if is_prime
        else f"Trying the primes in turn, {divisor} divides it."
    )
    return Judged(f"{value} {kind}", is_prime == (kind == "prime"), reason, mistaken, way if value > 1 else "")


def _divisible(relation: str, one: int, other: int) -> Judged:
    dividend, divisor = (one, other) if relation in ("divisible by", "a multiple of") else (other, one)
    if divisor == 0:
        return Judged(f"{one} {relation} {other}", False, "Nothing can be divided by 0.", "0 divides every number.")
    times, rest = divmod(dividend, divisor)
    fits = f"{dividend} = {divisor} × {times}."
    leaves = f"{dividend} divided by {divisor} is {times} with a remainder of {rest or 1}."
    return Judged(f"{one} {relation} {other}", rest == 0, leaves if rest else fits, fits if rest else leaves)


def _compared(word: str, one: str, other: str) -> Judged:
    left, right = Decimal(one.replace(",", "")), Decimal(other.replace(",", ""))
    if left == right:
        return Judged(f"{one} {word} {other}", False, f"{one} and {other} are equal.", f"{one} comes after {other}.")
    larger, smaller = (one, other) if left > right else (other, one)
    is_true = (left > right) == (word in _LARGER)
    reason, mistaken = f"{larger} is larger than {smaller}.", f"{smaller} is larger than {larger}."
    return Judged(f"{one} {word} {other}", is_true, reason, mistaken)
