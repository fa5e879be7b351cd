"""Column types that come back from SQLite and PostgreSQL exactly as they went in."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Dialect, Numeric, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine


class Moment(TypeDecorator[datetime]):
    """A point in time: timezone-aware in, UTC out. SQLite keeps it as text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn to UTC; a naive time raises `ValueError`, because nobody knows when it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A point in time needs its offset.")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC, or turn it to UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An amount without loss: text in SQLite, which has no decimals, and NUMERIC of any length in PostgreSQL.

    Sums are made in Python: SQLite would add the texts as floats.
    """

    impl = String(40)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of this database."""
        return dialect.type_descriptor(String(40) if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Write without an exponent."""
        if value is None:
            return None
        return format(value, "f") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - its promise
        """Read it back."""
        return None if value is None else Decimal(value)


class Json(TypeDecorator[Any]):
    """A JSON value as text, with the order of its members.

    Not JSONB: that refuses NUL and lone surrogates, both of which models have been seen to write, and reorders
    members, so that a replayed stream would differ from the first one.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - its promise
        """Write; None is SQL's NULL. Raises `ValueError` or `TypeError` for what JSON cannot say."""
        if value is None:
            return None
        text = _dumps(value, ascii_only=False)
        try:
            text.encode()
        except UnicodeEncodeError:
            return _dumps(value, ascii_only=True)
        return text

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - its promise
        """Read it back."""
        return None if value is None else json.loads(value)


class Prose(TypeDecorator[str]):
    """Text of unknown origin; what no database keeps (NUL, lone surrogates) becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - its promise
        """Replace what cannot be kept."""
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """Return `text` with NUL and lone surrogates replaced by U+FFFD."""
    return text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _dumps(value: Any, *, ascii_only: bool) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"), allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON.")
