"""Sums and parts that SQLite and PostgreSQL compute alike, and exactly.

SQLite keeps money as text and would add it with floats. There each amount is cut into whole dollars and four groups of
nine decimals, which are added as integers and joined again outside: exact for 36 decimals and nine thousand million
rows. PostgreSQL adds its decimals itself.
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, Integer, String, case, cast, func, type_coerce

_GROUPS = 4
_DIGITS = 9
_PRECISION = 80
"""More digits than any sum has, so that joining rounds nothing."""


def money_sums(amount: ColumnElement[Any], *, is_sqlite: bool) -> tuple[ColumnElement[Any], ...]:
    """Return the columns to select for the sum of `amount`; `joined` makes the sum of them. NULLs are left out."""
    if not is_sqlite:
        return (func.sum(amount),)
    text = type_coerce(amount, String)
    point = func.instr(text, ".")
    written = case((point == 0, ""), else_=func.substr(text, point + 1, type_=String))
    decimals = written.concat("0" * (_GROUPS * _DIGITS))
    groups = [func.substr(decimals, number * _DIGITS + 1, _DIGITS) for number in range(_GROUPS)]
    return tuple(func.sum(cast(part, Integer)) for part in (text, *groups))


def joined(sums: Sequence[Any]) -> Decimal:
    """Return the exact sum from what was selected; nothing at all is 0."""
    with localcontext(prec=_PRECISION) as context:
        parts = [Decimal(part or 0).scaleb(-_DIGITS * place, context) for place, part in enumerate(sums)]
        return sum(parts, Decimal(0))


def member_sum(column: ColumnElement[Any], member: str, *, is_sqlite: bool) -> ColumnElement[int]:
    """Return the sum of one integer member of a JSON column; rows without it count 0."""
    text = type_coerce(column, String)
    value: ColumnElement[Any]
    if is_sqlite:
        value = func.json_extract(text, f"$.{member}")
    else:
        value = func.json_extract_path_text(cast(text, JSON), member)
    return func.coalesce(func.sum(cast(value, BigInteger)), 0)


def day_of(moment: ColumnElement[Any], *, is_sqlite: bool) -> ColumnElement[str]:
    """Return the day of a point in time, in UTC, as `2026-11-22`."""
    if is_sqlite:
        return func.substr(type_coerce(moment, String), 1, 10)
    return func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD")
