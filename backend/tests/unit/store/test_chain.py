"""How audit rows hang together."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ultra.domain.access import AuditEntry
from ultra.store.chain import GENESIS, link

ENTRY = AuditEntry("a", "done", "ada", "key", "target", "192.0.2.1", "req", {"b": 1, "a": [1.5, None]})
AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def own(entry: AuditEntry = ENTRY, **changes: Any) -> str:
    """Return the hash of a row."""
    return link(entry, **{"seq": 7, "at": AT, "previous": GENESIS} | changes)


def test_the_rule_does_not_change() -> None:
    """Books written by earlier versions still verify."""
    assert own() == "9c6ae2ff4fcbe8913d435fb871c27b07b5333d86f7c97e05b168882fcb64d957"


def test_order_and_offset_do_not_matter() -> None:
    """The same facts in another order, and the same moment on another clock, are the same row."""
    assert own(replace(ENTRY, facts={"a": (1.5, None), "b": 1})) == own()
    assert own(at=AT.astimezone(timezone(timedelta(hours=5)))) == own()


@pytest.mark.parametrize("name", [field.name for field in fields(AuditEntry)])
def test_every_field_counts(name: str) -> None:
    """Another value anywhere gives another hash."""
    assert own(replace(ENTRY, **{name: {} if name == "facts" else "other"})) != own()


@pytest.mark.parametrize("change", [{"seq": 8}, {"at": AT + timedelta(microseconds=1)}, {"previous": "1" * 64}])
def test_place_and_time_count(change: dict[str, Any]) -> None:
    """A row moved is another row."""
    assert own(**change) != own()


@pytest.mark.parametrize("facts", [{"x": float("nan")}, {"x": b"raw"}, {"x": {1, 2}}])
def test_facts_are_plain_json(facts: dict[str, Any]) -> None:
    """What JSON cannot say is a mistake of ours, told at once."""
    with pytest.raises((TypeError, ValueError)):
        own(replace(ENTRY, facts=facts))
