"""What goes in comes out."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from ultra.store.columns import Json, Moment, Money, Prose, storable

SQLITE = sqlite.dialect()
POSTGRES = postgresql.dialect()

text = st.text(st.characters(exclude_categories=()))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner) | st.dictionaries(text, inner),
    max_leaves=10,
)


@given(value=values.filter(lambda value: value is not None))
def test_json_is_kept_in_text_that_any_database_takes(value: Any) -> None:
    """Every JSON value survives, as UTF-8 without NUL."""
    written = Json().process_bind_param(value, SQLITE)
    assert written is not None
    assert b"\x00" not in written.encode()
    assert Json().process_result_value(written, SQLITE) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    """Nothing is written that could not be read."""
    with pytest.raises((ValueError, TypeError)):
        Json().process_bind_param({"x": value}, SQLITE)


def test_json_takes_any_mapping() -> None:
    """A read-only view is written as an object."""
    assert Json().process_bind_param(MappingProxyType({"a": MappingProxyType({})}), SQLITE) == '{"a":{}}'


@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**9), max_value=10**9))
def test_money_loses_no_digit_in_sqlite(value: Decimal) -> None:
    """Not even trailing zeros."""
    written = Money().process_bind_param(value, SQLITE)
    read = Money().process_result_value(written, SQLITE)
    assert isinstance(written, str)
    assert read is not None
    assert read.as_tuple() == value.as_tuple()


offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=offsets)  # noqa: DTZ001 - bounds


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES], ids=["sqlite", "postgres"])
@given(moment=moments)
def test_a_moment_is_the_same_in_utc(dialect: Any, moment: datetime) -> None:
    """Whatever offset it came with."""
    read = Moment().process_result_value(Moment().process_bind_param(moment, dialect), dialect)
    assert read == moment
    assert read is not None
    assert read.tzinfo is UTC


def test_a_moment_without_offset_is_refused() -> None:
    """Nobody knows when it was."""
    with pytest.raises(ValueError, match="offset"):
        Moment().process_bind_param(datetime(2026, 1, 1), SQLITE)  # noqa: DTZ001 - on purpose


@given(value=text)
def test_prose_is_made_storable_and_otherwise_left_alone(value: str) -> None:
    """UTF-8 without NUL; text that was so before is unchanged."""
    written = Prose().process_bind_param(value, SQLITE)
    assert written is not None
    assert b"\x00" not in written.encode()
    if not any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in value):
        assert written == value


def test_storable_replaces_one_by_one() -> None:
    """Each character that cannot be kept becomes one replacement character."""
    assert storable("a\x00b\ud800c") == "a\ufffdb\ufffdc"


def test_nothing_stays_nothing() -> None:
    """NULL goes through every type."""
    for kind in (Json(), Money(), Moment(), Prose()):
        written = kind.bind_processor(SQLITE)
        read = kind.result_processor(SQLITE, None)
        assert written is None or written(None) is None
        assert read is None or read(None) is None
