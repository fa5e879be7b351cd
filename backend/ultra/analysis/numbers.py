"""Numbers in answers: finding the one that is meant, and saying whether two of them are the same."""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation, localcontext

_DIGITS = 60
"""Longer numbers are no answers; they would only cost time."""

_NUMBER = re.compile(
    r"(?<![\w.])(?P<money>[$€£])?(?P<sign>[-\u2212])?(?P<currency>[$€£])?"
    r"(?P<digits>\d{1,3}(?:[,\u202f\u00a0 ]\d{3})+(?!\d)|\d+)"
    r"(?P<fraction>[.]\d+|,\d{1,2}(?!\d))?(?P<exponent>[eE][-+]?\d{1,3})?"
    r"(?:\s*/\s*(?P<below>\d+)(?![\d/]))?"
    r"(?:\s*(?P<unit>%|[°\u00b5A-Za-zäöü²³]+))?"
)
_WORDS: Mapping[str, int] = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
}
_SCALES: Mapping[str, Decimal] = {
    "hundred": Decimal(100),
    "thousand": Decimal(1000),
    "million": Decimal(10) ** 6,
    "billion": Decimal(10) ** 9,
    "trillion": Decimal(10) ** 12,
}
_UNITS: Mapping[str, tuple[str, Decimal]] = {
    name: (dimension, Decimal(factor))
    for dimension, rows in {
        "ratio": {"%": "0.01", "percent": "0.01", "per cent": "0.01"},
        "length": {
            "mm": "0.001", "cm": "0.01", "m": "1", "meter": "1", "metre": "1", "meters": "1", "metres": "1",
            "km": "1000", "kilometer": "1000", "kilometers": "1000", "kilometre": "1000", "kilometres": "1000",
        },
        "mass": {
            "mg": "0.001", "g": "1", "gram": "1", "grams": "1",
            "kg": "1000", "kilogram": "1000", "kilograms": "1000",
        },
        "time": {
            "ms": "0.001", "s": "1", "sec": "1", "second": "1", "seconds": "1", "min": "60", "minute": "60",
            "minutes": "60", "h": "3600", "hour": "3600", "hours": "3600", "day": "86400", "days": "86400",
        },
        "volume": {"ml": "0.001", "l": "1", "liter": "1", "litre": "1", "liters": "1", "litres": "1"},
    }.items()
    for name, factor in rows.items()
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written: `amount`, its `decimals` shown, and its unit's dimension with the factor to its base."""

    amount: Decimal
    decimals: int
    dimension: str | None = None
    factor: Decimal = Decimal(1)

    @property
    def base(self) -> Decimal:
        """The amount in the base unit of its dimension."""
        with _all_digits():
            return self.amount * self.factor

    def same(self, other: "Number") -> bool:
        """Are both the same number, as far as they are written out?

        With units on both sides the amounts are converted. Whole numbers are compared to the last digit. Otherwise
        `3.14` equals `3.1416`: the finer one rounded to the decimals of the coarser, given at least three significant
        digits.
        """
        if self.dimension and other.dimension:
            close = self.dimension == other.dimension and _close(self.base, other.base)
            return close or (self.dimension == other.dimension and self.factor == other.factor and self._rounds(other))
        if _close(self.amount, other.amount) or self._rounds(other):
            return True
        return "ratio" in (self.dimension, other.dimension) and _close(self.base, other.base)

    def _rounds(self, other: "Number") -> bool:
        coarse, fine = sorted((self, other), key=lambda each: each.decimals)
        if coarse.decimals < 1 or len(coarse.amount.normalize().as_tuple().digits) < 3:
            return False
        with _all_digits():
            return round(fine.amount, coarse.decimals) == coarse.amount

    def __str__(self) -> str:
        with _all_digits():
            return format(self.amount.normalize(), "f") if self.amount else "0"


def _all_digits() -> AbstractContextManager[Context]:
    """Make room for the product of any two numbers: decimals keep 28 digits otherwise."""
    return localcontext(prec=2 * _DIGITS)


def _close(one: Decimal, other: Decimal) -> bool:
    """Are both the same, but for what rounding leaves? Whole numbers were not rounded."""
    if one == other:
        return True
    if _is_whole(one) and _is_whole(other):
        return False
    return abs(one - other) <= Decimal("1e-9") * max(abs(one), abs(other))


def _is_whole(amount: Decimal) -> bool:
    return amount == amount.to_integral_value()


def numbers_in(text: str) -> tuple[Number, ...]:
    """Return every number written in `text`, in order, with its unit where it is a known one."""
    found = [(match.start(), _read(match)) for match in _NUMBER.finditer(text)]
    words = re.finditer(r"\b(" + "|".join(_WORDS) + r")\b", text, flags=re.IGNORECASE)
    found += [(match.start(), Number(Decimal(_WORDS[match[0].lower()]), 0)) for match in words]
    return tuple(number for _, number in sorted(found, key=lambda each: each[0]) if number is not None)


def _read(match: re.Match[str]) -> Number | None:
    whole = re.sub(r"\D", "", match["digits"])
    fraction = (match["fraction"] or "")[1:]
    if len(whole) + len(fraction) > _DIGITS:
        return None
    try:
        amount = Decimal(f"{'-' if match['sign'] else ''}{whole}.{fraction or '0'}{match['exponent'] or ''}")
    except InvalidOperation:
        return None
    if match["below"] is not None and int(match["below"]) != 0:
        amount /= int(match["below"])
    unit = (match["unit"] or "").lower()
    with _all_digits():
        amount *= _SCALES.get(unit, Decimal(1))
    money = match["money"] or match["currency"]
    dimension, factor = (f"money {money}", Decimal(1)) if money else _UNITS.get(unit, (None, Decimal(1)))
    return Number(amount, len(fraction), dimension, factor)


def number_meant(text: str, question: str, *, marked: str | None) -> Number | None:
    """Return the number that an answer gives, or None when that is not clear.

    `marked` is what the answer itself marks as final. Without a mark: the only number set in bold, else the only
    one that does not stand in the question, else the same for the last sentence, where what follows the last `=`
    counts.
    """
    if marked is not None:
        return _single(_after_equals(marked), frozenset()) or next(iter(numbers_in(_after_equals(marked))), None)
    given = frozenset(number.amount for number in numbers_in(question))
    bold = re.findall(r"\*\*([^*\n]{1,60})\*\*", text)
    for part in (" ; ".join(bold), text, _after_equals(_last_sentence(text)), _last_sentence(text)):
        found = _single(part, given)
        if found is not None:
            return found
    return None


def _after_equals(text: str) -> str:
    tail = re.split(r"[=\u2248]", text)[-1]
    return tail if numbers_in(tail) else text


def _last_sentence(text: str) -> str:
    sentences = [each for each in re.split(r"(?<=[.!?])\s+|\n+", text.strip()) if numbers_in(each)]
    return sentences[-1] if sentences else ""


def _single(text: str, given: frozenset[Decimal]) -> Number | None:
    """Return the one distinct number of `text` that is not `given`; or the only one it has at all."""
    found = numbers_in(text)
    fresh = [each for each in found if each.amount not in given]
    candidates = fresh or found
    if not candidates or not all(each.same(candidates[0]) for each in candidates):
        return None
    return candidates[0]
