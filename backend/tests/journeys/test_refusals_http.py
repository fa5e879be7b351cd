"""What is refused over HTTP, how it is told, and that it costs nothing."""

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.journeys.asking import OPEN, begun, journal, read, refused
from tests.journeys.programs import PANEL


async def test_a_strange_position_is_refused(http):
    """`Last-Event-ID` that is no id of an event is a 400."""
    location = await begun(http)
    problem = await refused(http, "GET", f"{location}/events", 400, headers={"last-event-id": "soon"})
    assert problem["param"] == "Last-Event-ID"
    await journal(http, location)  # to its end, so that its calls are not counted elsewhere


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=finished", "cursor=nonsense"])
async def test_strange_queries_are_refused(http, query):
    """A parameter of the history that makes no sense is a 400 that names it."""
    problem = await refused(http, "GET", f"/api/analyses?{query}", 400)
    assert problem["param"] == query.split("=", maxsplit=1)[0]


async def test_a_follow_up_to_nothing_is_refused(http, mock):
    """An earlier run that does not exist, or has no verdict, cannot be continued."""
    await refused(http, "POST", "/api/analyze", 404, json={"prompt": OPEN, "follow_up_to": "run_nothing"})
    assert mock.requests() == []


async def test_a_budget_that_does_not_reach_spends_nothing(http, mock):
    """What cannot be paid for is refused before anybody is asked."""
    body = {"prompt": OPEN, "models": PANEL, "budget_usd": "0.000001"}
    problem = await refused(http, "POST", "/api/analyze", 402, json=body)
    assert problem["code"] == "quota_exhausted"
    assert problem["hint"]
    assert mock.requests() == []


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"pattern": "concensus"}, 404, "pattern"),
        ({"flow": "adaptiv"}, 400, "flow"),
        ({"models": ["acme/alpha", "acme/nobody"]}, 404, "model"),
        ({"models": ["ultra/consensus"]}, 400, "models"),
        ({"models": ["acme/alpha"] * 17}, 400, "models"),
        ({"modells": ["acme/alpha"]}, 400, "modells"),
        ({"prompt": "  \n"}, 400, "prompt"),
        ({"prompt": None}, 400, "prompt"),
        ({"budget_usd": "-1"}, 400, "budget_usd"),
        ({"budget_usd": "NaN"}, 400, "budget_usd"),
        ({"budget_usd": "much"}, 400, "budget_usd"),
        ({"deadline_s": 0}, 400, "deadline_s"),
        ({"deadline_s": 1e9}, 400, "deadline_s"),
        ({"context": [{"name": "", "text": "x"}]}, 400, "context[0].name"),
        ({"images": [{"media_type": "image/png", "data": "***"}]}, 400, "images[0].data"),
        ({"images": [{"media_type": "text/html", "data": ""}]}, 400, "images[0].media_type"),
    ],
)
async def test_bad_requests_cost_nothing(http, mock, change, status, param):
    """Whatever is wrong with a request is named before anybody is asked."""
    body = {"prompt": OPEN, "models": PANEL, **change}
    problem = await refused(http, "POST", "/api/analyze", status, json=body)
    assert problem["param"] == param
    assert mock.requests() == []
    assert (await read(http, "/api/analyses?limit=1&status=running"))["data"] == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"x"', "application/json", 400),
        (b'{"prompt": "a", "prompt": "b"}', "application/json", 400),
        (b'{"prompt": "\xff"}', "application/json", 400),
        (b"", "application/json", 400),
        (b'{"prompt": "x"}', "text/plain", 415),
    ],
)
async def test_bad_bodies_are_refused(http, mock, body, content_type, status):
    """A body that is not one JSON object is refused in problem+json, whatever it is instead."""
    await refused(http, "POST", "/api/analyze", status, data=body, headers={"content-type": content_type})
    assert mock.requests() == []


@pytest.mark.parametrize("path", ["/api/analyze", "/v1/chat/completions"])
async def test_too_large_a_body_is_answered(ultra, mock, path):
    """A client that sends more than is read gets its 413, not a broken connection."""
    size = 33 << 20
    where = urlsplit(ultra.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    head = f"POST {path} HTTP/1.1\r\nhost: {where.netloc}\r\nauthorization: Bearer {ultra.key}\r\n"
    writer.write(f"{head}content-type: application/json\r\ncontent-length: {size}\r\n\r\n".encode() + b"x" * size)
    try:
        answer = await asyncio.wait_for(reader.read(4096), 60)
    finally:
        writer.transport.abort()
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"too_large" in answer
    assert mock.requests() == []


async def test_what_is_nowhere_is_no_model(http):
    """On `/v1` an address that does not exist is not confused with a model that does not."""
    async with http.post("/v1/nothing", json={}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (404, "route_not_found")


async def test_hints_name_what_was_meant(http):
    """A misspelt pattern, flow or model is answered with the nearest that there is."""
    for change, meant in (
        ({"pattern": "concensus"}, "consensus"),
        ({"flow": "adaptiv"}, "adaptive"),
        ({"models": ["acme/alfa"]}, "acme/alpha"),
    ):
        body = {"prompt": OPEN, **change}
        async with http.post("/api/analyze", json=body) as response:
            assert meant in (await response.json())["hint"]


async def test_wrong_methods_and_addresses_are_problems(http):
    """What is not there is a 404, what is there for another method a 405 that says which."""
    await refused(http, "GET", "/api/nothing", 404)
    problem = await refused(http, "GET", "/api/analyze", 405)
    assert "POST" in problem["hint"]


async def test_what_keeps_nothing_cannot_be_asked_for_later(http, mock):
    """`store: false` with `respond-async` is refused: there would be nothing to look up."""
    headers = {"prefer": "respond-async"}
    body = {"prompt": OPEN, "store": False}
    problem = await refused(http, "POST", "/api/analyze", 400, json=body, headers=headers)
    assert problem["param"] == "store"
    assert mock.requests() == []
