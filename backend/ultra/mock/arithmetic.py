"""Finds a sum in a question and works it out exactly: + - * / ^, parentheses, percentages, a few words."""

import re
from dataclasses import dataclass
from fractions import Fraction

_WORDS = (
    (re.compile(r"\bmultiplied by\b|\btimes\b|(?<=\d)\s*[×x]\s*(?=\d)", re.IGNORECASE), " * "),
    (re.compile(r"\bdivided by\b|÷", re.IGNORECASE), " / "),
    (re.compile(r"\bplus\b", re.IGNORECASE), " + "),
    (re.compile(r"\bminus\b|−", re.IGNORECASE), " - "),
    (re.compile(r"\b(?:raised )?to the power (?:of )?|\*\*", re.IGNORECASE), " ^ "),
    (re.compile(r"\bsquared\b", re.IGNORECASE), " ^ 2 "),
    (re.compile(r"\bcubed\b", re.IGNORECASE), " ^ 3 "),
    (re.compile(r"\s*\bper ?cent\b", re.IGNORECASE), "% "),
    (re.compile(r"(?<=\d),(?=\d{3}\b)"), ""),
)
_CUE = re.compile(
    r"\bwhat(?:'s|’s| is| are| does)|\bcalculate|\bcompute|\bevaluate|\bhow much|\bhow many|\bsolve|\bwork out|"
    r"\bresult of|\bvalue of|\badd\b|=\s*\?|=\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_CANDIDATE = re.compile(r"[-+(\s]*\d+(?:\.\d+)?%?[\s)]*(?:(?:[-+*/^(%]|\bof\b)[-+(\s]*\d+(?:\.\d+)?%?[\s)]*)+")
_DATE = re.compile(r"\b\d{4}-\d{1,2}-\d{1,2}\b|\b\d{1,2}/\d{1,2}/\d{2,4}\b")
_TOKEN = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+|of\b|[-+*/^()%])")
_PRODUCT = re.compile(r"(\d{1,6}) ?\* ?(\d{1,6})")
_LONGEST = 200
_LARGEST_POWER = 64
_LARGEST_BITS = 4096
_DEEPEST = 40
_DIGITS = 4


class NotASum(ValueError):
    """The characters do not form an expression, or working it out would be unreasonable."""


@dataclass(frozen=True, slots=True)
class Sum:
    """An expression as it stood in the question, and its exact value."""

    expression: str
    value: Fraction

    @property
    def answer(self) -> str:
        """The value as a person writes it: whole, as a finite decimal, or rounded to four places."""
        return write(self.value)


def find(text: str) -> Sum | None:
    """Return the first sum that the text asks for, or None; dates and bare ranges are not sums."""
    plain = text[:20_000]
    for pattern, sign in _WORDS:
        plain = pattern.sub(sign, plain)
    plain = _DATE.sub(" ", plain)
    asked = _CUE.search(plain) is not None
    for match in _CANDIDATE.finditer(plain):
        expression = _balance(match.group().strip())
        if len(expression) > _LONGEST or not (asked or expression == plain.strip(" ?=.\n")):
            continue
        try:
            return Sum(" ".join(expression.split()), evaluate(expression))
        except NotASum:
            continue
    return None


def evaluate(expression: str) -> Fraction:
    """Work out an expression exactly; raises `NotASum` when it is malformed, too large, or divides by zero."""
    return _Reader(expression).read()


def way(found: Sum, answer: str, *, variant: int) -> str:
    """Tell how one comes to `answer`: a product of two whole numbers is split into easier ones, in one of two ways."""
    product = _PRODUCT.fullmatch(found.expression)
    if product is None:
        return f"Working out {found.expression} step by step gives {answer}."
    one, other = int(product.group(1)), int(product.group(2))
    if variant % 2:
        one, other = other, one
    ones = other % 10
    if other < 10 or ones == 0:
        return f"Multiplying {one} by {other} gives {answer}."
    tens = other - ones
    return f"{one} × {tens} = {one * tens} and {one} × {ones} = {one * ones}, together {answer}."


def write(value: Fraction) -> str:
    """Write a number without exponent: `391`, `12.5`, `0.3333`."""
    if value.denominator == 1:
        return str(value.numerator)
    shifted = round(value * 10**_DIGITS)
    sign = "-" if shifted < 0 else ""
    whole, rest = divmod(abs(shifted), 10**_DIGITS)
    return f"{sign}{whole}.{rest:0{_DIGITS}d}".rstrip("0").rstrip(".")


def _balance(expression: str) -> str:
    """Drop parentheses that belong to the sentence around the sum: `(what is 2 + 2)`."""
    while expression.count(")") > expression.count("(") and expression.endswith(")"):
        expression = expression[:-1].rstrip()
    while expression.count("(") > expression.count(")") and expression.startswith("("):
        expression = expression[1:].lstrip()
    return expression


class _Reader:
    """Recursive descent: sums of products of signed powers; `%` divides by a hundred, `of` multiplies."""

    def __init__(self, expression: str) -> None:
        self._tokens: list[str] = []
        self._at = 0
        self._depth = 0
        position = 0
        expression = expression.strip()
        while position < len(expression):
            match = _TOKEN.match(expression, position)
            if match is None:
                raise NotASum(f"Unexpected {expression[position]!r}.")
            self._tokens.append(match.group(1))
            position = match.end()

    def read(self) -> Fraction:
        value = self._sum()
        if self._at != len(self._tokens):
            raise NotASum(f"Unexpected {self._tokens[self._at]!r}.")
        return value

    def _take(self, *wanted: str) -> str | None:
        if self._at < len(self._tokens) and self._tokens[self._at] in wanted:
            self._at += 1
            return self._tokens[self._at - 1]
        return None

    def _sum(self) -> Fraction:
        value = self._product()
        while sign := self._take("+", "-"):
            right = self._product()
            value = value + right if sign == "+" else value - right
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while sign := self._take("*", "/", "of"):
            right = self._signed()
            if sign == "/" and right == 0:
                raise NotASum("Division by zero.")
            value = value / right if sign == "/" else value * right
            if max(value.numerator.bit_length(), value.denominator.bit_length()) > _LARGEST_BITS:
                raise NotASum("Too large.")
        return value

    def _signed(self) -> Fraction:
        negative = False
        while sign := self._take("+", "-"):
            negative ^= sign == "-"
        value = self._power()
        return -value if negative else value

    def _power(self) -> Fraction:
        base = self._atom()
        if self._take("^") is None:
            return base
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotASum("Too deep.")
        exponent = self._signed()
        if exponent.denominator != 1 or abs(exponent) > _LARGEST_POWER or (base == 0 and exponent < 0):
            raise NotASum("Unreasonable power.")
        if base.numerator.bit_length() * abs(exponent) > _LARGEST_BITS:
            raise NotASum("Too large.")
        return Fraction(base ** int(exponent))

    def _atom(self) -> Fraction:
        if self._take("("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise NotASum("Too deep.")
            value = self._sum()
            if self._take(")") is None:
                raise NotASum("A parenthesis is not closed.")
        elif self._at < len(self._tokens) and self._tokens[self._at][0] in "0123456789.":
            value = Fraction(self._tokens[self._at])
            self._at += 1
        else:
            raise NotASum("A number is missing.")
        while self._take("%"):
            value /= 100
        return value
