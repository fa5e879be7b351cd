"""What came back is judged in one way everywhere."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ultra.readiness import Unmet
from ultra.readiness.replies import Event, Reply, events, read_events

PROBLEM = {"type": "x", "status": 403, "detail": "Not permitted.", "code": "forbidden", "request_id": "req_1"}


def reply(status: int, body: Any, media: str = "application/problem+json") -> Reply:
    """Return a reply with a request id."""
    return Reply("GET /x", status, [("Content-Type", media), ("X-Request-ID", "req_1")], json.dumps(body).encode())


def test_a_refusal_is_a_whole_problem() -> None:
    """Status and request id stand in the document as they do outside it."""
    assert reply(403, PROBLEM).refused(403, code="forbidden")
    with pytest.raises(Unmet, match="another status or request"):
        reply(403, {**PROBLEM, "request_id": "req_2"}).refused(403)
    with pytest.raises(Unmet, match="has not the code quota"):
        reply(403, PROBLEM).refused(403, code="quota")


def test_a_refusal_shows_no_internals() -> None:
    """Words of the program in it are a failure."""
    with pytest.raises(Unmet, match="shows internals"):
        reply(403, {**PROBLEM, "detail": "psycopg.OperationalError"}).refused(403)


def test_a_vendors_error_is_a_refusal_too() -> None:
    """What has neither shape is none."""
    assert reply(404, {"error": {"code": "model_not_found", "message": "No."}}, "application/json").refused(404)
    with pytest.raises(Unmet, match="neither"):
        reply(404, {"detail": "Not Found"}, "application/json").refused(404)


def test_another_status_is_told_with_its_words() -> None:
    """The sentence says what was asked, what came, and what it said."""
    with pytest.raises(Unmet, match=r"GET /x answered 403 instead of 200 or 404: Not permitted\."):
        reply(403, PROBLEM).expect(200, 404)
    with pytest.raises(Unmet, match="without JSON"):
        assert Reply("GET /x", 200, [], b"<html>").json


@pytest.mark.anyio
async def test_events_are_read_however_they_are_cut() -> None:
    """Pieces of any size give the same events; comments are none."""
    body = b': hello\n\nid: 7\nevent: cost\ndata: {"a":\ndata: 1}\n\ndata: [DONE]\n\n'
    wanted = [Event('{"a":\n1}', "cost", "7"), Event("[DONE]")]
    assert read_events(body) == wanted
    assert wanted[0].json == {"a": 1}

    async def pieces(size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    for size in (1, 3, 1000):
        assert [event async for event in events(pieces(size))] == wanted
