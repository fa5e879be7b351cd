"""Events of a journal as they go over the wire."""

from datetime import UTC, datetime

import orjson

from ultra.api.journals import frame, trouble
from ultra.domain.analysis import JournalEvent
from ultra.domain.errors import Unavailable, UpstreamFailed


def test_a_frame_is_the_event() -> None:
    """Its id is the number to resume after, its name the type, and its data one line of JSON."""
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    sent = frame(JournalEvent(7, "answer.delta", at, {"text": "two\nlines\u2028and more"}))
    head, name, data, *end = sent.split(b"\n")
    assert (head, name, end) == (b"id: 7", b"event: answer.delta", [b"", b""])
    assert orjson.loads(data.removeprefix(b"data: ")) == {
        "seq": 7,
        "type": "answer.delta",
        "at": "2026-11-22T12:00:00+00:00",
        "text": "two\nlines\u2028and more",
    }


def test_trouble_has_no_id() -> None:
    """It stands in no journal, so nobody may resume after it; it says what happened without addresses or keys."""
    (sent,) = trouble(Unavailable("Shutting down.", code="shutting_down"))
    told = b'{"type":"shutting_down","code":"shutting_down","detail":"Shutting down."}'
    assert sent == b"event: error\ndata: " + told + b"\n\n"
    (masked,) = trouble(UpstreamFailed("See https://user:secret@vendor.example/x?key=abc"))
    assert b"secret" not in masked
    assert b"vendor.example" not in masked
