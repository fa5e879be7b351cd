"""How history is walked and searched, the same for every store of runs."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

from ultra.domain.errors import InvalidRequest
from ultra.store.columns import storable

LONGEST_SEARCH = 500
"""Characters; SQLite refuses patterns of more than 50,000 bytes, and nobody types that."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a page ended: the next one holds what is older."""

    created_at: datetime
    run_id: str


def write_cursor(place: Place) -> str:
    """Return the opaque text that a client sends back."""
    return base64.urlsafe_b64encode(f"{place.created_at.isoformat()} {place.run_id}".encode()).decode()


def read_cursor(cursor: str) -> Place:
    """Read it; raises `InvalidRequest` for anything that `write_cursor` did not write."""
    try:
        moment, _, run_id = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition(" ")
        created_at = datetime.fromisoformat(moment)
        place = None if created_at.tzinfo is None else Place(created_at.astimezone(UTC), run_id)
    except (binascii.Error, ValueError, OverflowError):
        place = None
    if place is None or not place.run_id:
        raise InvalidRequest("The cursor is not one that was given out.", param="cursor")
    return place


def checked_limit(limit: int) -> int:
    """Return `limit`; raises `InvalidRequest` below 1."""
    if limit < 1:
        raise InvalidRequest("A page holds at least one run.", param="limit")
    return limit


def folded(text: str) -> str:
    """Return `text` as search compares it: without differences of case, in any alphabet."""
    return storable(text).casefold()


def checked_search(search: str | None) -> str | None:
    """Return the folded term, None when there is nothing to search for; raises `InvalidRequest` when it is too long."""
    if search is None or not search.strip():
        return None
    if len(search) > LONGEST_SEARCH:
        raise InvalidRequest(f"A search term has at most {LONGEST_SEARCH} characters.", param="search")
    return folded(search.strip())
