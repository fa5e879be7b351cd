"""How values are written in requests, as the description of the API tells it and as they are read.

A format that no standard names (`cursor`, `network`, `flow`) says that only a value that Ultra, or a network, has given
will do.
"""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints, WithJsonSchema

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_MICRO: Final = Decimal("0.000001")
_MOST_USD: Final = 999_999
_AMOUNT: Final = r"^(0|[1-9]\d{0,5})(\.\d{1,6})?$"


def _only_text(value: Any) -> Any:
    """Refuse what the framework would take for seconds since 1970."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("Input should be a moment such as 2026-01-31T12:00:00Z")
    return value


def _in_time(moment: datetime) -> datetime:
    """Refuse what no other zone has a name for: the first and the last hours of the calendar."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("Input should lie within the calendar") from None


def _amount(value: Any) -> Any:
    """Read a decimal text as it stands, and round a number to a millionth of a dollar."""
    if isinstance(value, str) and not re.fullmatch(_AMOUNT, value):
        raise ValueError("Input should be an amount such as 0.05")
    if isinstance(value, float) and abs(value) <= _MOST_USD:
        return Decimal(repr(value)).quantize(_MICRO, ROUND_HALF_UP)
    return value


Moment: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_only_text), AfterValidator(_in_time)]
"""A point in time with its zone, as RFC 3339 writes it."""

Usd: TypeAlias = Annotated[
    Decimal,
    BeforeValidator(_amount),
    Field(gt=0, le=_MOST_USD, max_digits=12, decimal_places=6),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _AMOUNT.replace("^", "^(?!0(\\.0+)?$)"), "examples": ["0.05"]},
                {"type": "number", "minimum": 0.000001, "maximum": _MOST_USD},
            ]
        }
    ),
]
"""An amount of money: a decimal text, or a number of up to six decimals."""

Cursor: TypeAlias = Annotated[
    str,
    Query(max_length=200, description="`next` of the page before.", json_schema_extra={"format": "cursor"}),
]

Network: TypeAlias = Annotated[str, StringConstraints(max_length=64), Field(json_schema_extra={"format": "network"})]
"""An address range, such as 10.0.0.0/8 or 2001:db8::/32."""
