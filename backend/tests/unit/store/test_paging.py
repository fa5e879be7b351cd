"""Cursors and search terms."""

from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.errors import InvalidRequest
from ultra.store.paging import LONGEST_SEARCH, Place, checked_limit, checked_search, folded, read_cursor, write_cursor

ids = st.text(st.characters(codec="utf-8"), min_size=1)


@given(moment=st.datetimes(timezones=st.just(UTC)), run_id=ids)
def test_a_cursor_is_read_as_written(moment: datetime, run_id: str) -> None:
    """The place survives the way to the client and back."""
    place = Place(moment, run_id)
    assert read_cursor(write_cursor(place)) == place


@given(cursor=st.text(st.characters(exclude_categories=())) | st.binary().map(lambda raw: b64encode(raw).decode()))
def test_any_other_text_is_bad_input(cursor: str) -> None:
    """Never another error than `InvalidRequest`."""
    with pytest.raises(InvalidRequest) as refused:
        read_cursor(cursor)
    assert refused.value.param == "cursor"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00"])
def test_a_moment_without_a_place_in_the_calendar_is_bad_input(moment: str) -> None:
    """Whoever makes a cursor up cannot make the store stumble."""
    with pytest.raises(InvalidRequest):
        read_cursor(urlsafe_b64encode(f"{moment} run_1".encode()).decode())


def test_a_page_is_not_empty() -> None:
    """A limit below 1 is bad input."""
    assert checked_limit(1) == 1
    with pytest.raises(InvalidRequest):
        checked_limit(0)


def test_search_terms_are_bounded_and_folded() -> None:
    """Blank is no search; too long is bad input."""
    assert checked_search(None) is None
    assert checked_search("  ") is None
    assert checked_search(" ÄB ") == folded("äb")
    with pytest.raises(InvalidRequest):
        checked_search("x" * (LONGEST_SEARCH + 1))
