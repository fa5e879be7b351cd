"""Requests sent twice over HTTP, and keys that keep nothing."""

from uuid import uuid4

import aiohttp

from tests.journeys.asking import OPEN, analyzed, read, refused
from tests.journeys.programs import PANEL, Mock, UltraProcess

CHAT = {"model": "acme/alpha", "messages": [{"role": "user", "content": OPEN}]}
RUN = {"prompt": OPEN, "models": PANEL}


async def test_a_completion_is_asked_once(http: aiohttp.ClientSession, mock: Mock) -> None:
    """The second answer is the first one, to the byte, and costs nothing."""
    told = []
    headers = {"idempotency-key": str(uuid4())}
    for _ in range(2):
        async with http.post("/v1/chat/completions", json=CHAT, headers=headers) as response:
            assert response.status == 200
            told.append((await response.read(), response.content_type))
    assert told[0] == told[1]
    assert response.headers["idempotent-replayed"] == "true"
    assert "x-ultra-cost-usd" not in response.headers
    assert len(mock.requests("alpha")) == 1
    async with http.post("/v1/chat/completions", json={**CHAT, "temperature": 1}, headers=headers) as response:
        assert response.status == 409
    async with http.post("/v1/chat/completions", json={**CHAT, "stream": True}, headers=headers) as response:
        assert response.status == 400


async def test_a_run_is_begun_once(http: aiohttp.ClientSession, mock: Mock) -> None:
    """Both answers name the same run; a stream of it is asked for at its own address."""
    headers = {"idempotency-key": str(uuid4()), "prefer": "respond-async"}
    places = []
    for _ in range(2):
        async with http.post("/api/analyze", json=RUN, headers=headers) as response:
            assert response.status == 202
            places.append((response.headers["location"], (await response.json())["id"]))
    assert places[0] == places[1]
    streamed = {"idempotency-key": str(uuid4()), "accept": "text/event-stream"}
    await refused(http, "POST", "/api/analyze", 400, json=RUN, headers=streamed)


async def test_nothing_is_kept_of_what_may_not_be(http: aiohttp.ClientSession, ultra: UltraProcess) -> None:
    """An ensemble asked with `store: false` leaves no word in the database, nor does its repetition."""
    word = f"xylophone-{uuid4().hex}"
    asked = {**CHAT, "model": "ultra/consensus", "store": False, "messages": [{"role": "user", "content": word}]}
    async with http.post("/v1/chat/completions", json=asked, headers={"idempotency-key": word}) as response:
        assert response.status == 200, await response.text()
        run_id = (await response.json())["ultra"]["run_id"]
    await analyzed(http)
    assert run_id not in [each["id"] for each in (await read(http, "/api/analyses"))["data"]]
    for path in ultra.database.parent.glob("ultra.db*"):
        assert word.encode() not in path.read_bytes()
