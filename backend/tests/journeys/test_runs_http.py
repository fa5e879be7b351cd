"""Runs over HTTP: asked for, watched, resumed, listed, continued, stopped, forgotten."""

import asyncio
import json
from typing import get_args

import pytest

from tests.journeys.asking import CLOSED, OPEN, SSE, analyzed, begun, journal, read, refused
from tests.journeys.programs import PANEL, until
from tests.journeys.streams import Frame, events, frames
from ultra.domain.analysis import EventType


async def test_a_run_is_answered_whole(http, mock):
    """The answer is the finished run: verdict, answers, agreement, cost, usage and time."""
    run = await analyzed(http, CLOSED)
    assert (run["status"], run["answered"], run["asked"]) == ("complete", 3, 3)
    assert run["heading"] == "Complete"
    assert run["decided"] is not None
    assert run["text"]
    assert run["agreement"]["answered"] == 3
    assert run["confidence"] is None
    assert {each["model"] for each in run["answers"]} == set(PANEL)
    assert all(each["status"] == "ok" and each["text"] for each in run["answers"])
    assert float(run["cost"]["usd"]) == pytest.approx(sum(float(each["cost_usd"]) for each in run["answers"]))
    assert run["cost"]["calls"] == len(mock.requests()) == len(run["answers"])
    assert run["cost"]["possible_double_charge"] == 0
    assert run["usage"]["input_total"] == sum(each["usage"]["input_total"] for each in run["answers"])
    assert 0 < run["timing"]["seconds"] < 30
    assert (run["error"], run["warnings"]) == (None, [])
    assert (run["prompt"], run["models"], run["pattern"], run["flow"]) == (CLOSED, PANEL, "consensus", "adaptive")


async def test_the_spending_stands_in_a_header(http):
    """What was spent is in `X-Ultra-Cost-USD` too."""
    async with http.post("/api/analyze", json={"prompt": OPEN, "models": PANEL}) as response:
        run = await response.json()
    assert response.headers["x-ultra-cost-usd"] == run["cost"]["usd"]


async def test_a_run_is_watched(http):
    """The stream is the journal: numbered from 1 without gaps, from the plan to the verdict, in an order that holds."""
    async with http.post("/api/analyze", json={"prompt": OPEN, "models": PANEL}, headers=SSE) as response:
        seen = await events(response)
        location = response.headers["location"]
    assert [frame.id for frame in seen] == list(range(1, len(seen) + 1))
    assert {frame.event for frame in seen} <= set(get_args(EventType))
    assert (seen[0].event, seen[-1].event) == ("run.started", "run.done")
    for frame in seen:
        assert frame.lines[0].startswith("id: ")
        assert (frame.json["seq"], frame.json["type"]) == (frame.id, frame.event)
    for key in {frame.json["call_key"] for frame in seen if "call_key" in frame.json}:
        of_call = [frame.event for frame in seen if frame.json.get("call_key") == key]
        assert of_call[:2] == ["call.started", "answer.started"]
        assert "call.done" in of_call
        assert of_call.index("answer.done") < of_call.index("call.done")
    named = [frame.event for frame in seen]
    assert named.index("stage.started") < named.index("call.started") < named.index("round.closed")
    assert seen[-1].json["verdict"]["text"] == (await read(http, location))["text"]
    assert [frame.raw for frame in await journal(http, location)] == [frame.raw for frame in seen]


async def test_deltas_are_the_answers(http):
    """The pieces of each answer, joined, are the answer; those of the synthesis are the verdict."""
    async with http.post("/api/analyze", json={"prompt": OPEN, "models": PANEL}, headers=SSE) as response:
        seen = [frame.json for frame in await events(response)]
    for done in [each for each in seen if each["type"] == "answer.done"]:
        pieces = [
            each["text"]
            for each in seen
            if each["type"] in ("answer.delta", "synthesis.delta") and each["call_key"] == done["call_key"]
        ]
        assert "".join(pieces) == done["text"]
    written = "".join(each["text"] for each in seen if each["type"] == "synthesis.delta")
    assert written == seen[-1]["verdict"]["text"] != ""


@pytest.mark.parametrize("after", [0, 1, 7])
async def test_a_stream_resumes_where_it_broke(http, after):
    """`Last-Event-ID` continues with exactly the rest of the journal."""
    location = await begun(http)
    whole = await journal(http, location)
    assert [frame.raw for frame in await journal(http, location, after)] == [frame.raw for frame in whole[after:]]


async def test_a_cut_stream_resumes_while_the_run_goes_on(http, mock):
    """A watcher that loses its connection misses nothing, and the run does not notice."""
    mock.arm("stall-after-3-1s", provider="acme", model="alpha", times=1)
    seen: list[Frame] = []
    async with http.post("/api/analyze", json={"prompt": OPEN, "models": PANEL}, headers=SSE) as response:
        location = response.headers["location"]
        async for frame in frames(response):
            seen.append(frame)
            if frame.event == "answer.started":
                break
        response.close()
    seen += await journal(http, location, seen[-1].id)
    assert [frame.raw for frame in seen] == [frame.raw for frame in await journal(http, location)]
    assert seen[-1].event == "run.done"


async def test_a_run_is_asked_for_and_looked_up_later(http):
    """202 comes at once with an address, under which the run is found working, and then ended."""
    location = await begun(http)
    assert (await journal(http, location))[-1].event == "run.done"
    assert (await read(http, location))["status"] == "complete"


async def test_history_is_paged(http):
    """History goes from the newest to the oldest, page by page, without gaps or repetitions."""
    made = [(await analyzed(http, f"{OPEN} Nr. {number}", flow="route"))["id"] for number in range(3)]
    found, cursor = [], None
    for _ in range(50):
        page = await read(http, f"/api/analyses?limit=2{f'&cursor={cursor}' if cursor else ''}")
        assert len(page["data"]) <= 2
        found += [each["id"] for each in page["data"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found[:3] == made[::-1]
    assert len(found) == len(set(found))


async def test_history_is_searched_and_filtered(http):
    """History is found by words of the prompt, whatever their case, and by status."""
    wanted = await analyzed(http, "Who wrote the UNMISTAKABLE Opus?", flow="route")
    page = await read(http, "/api/analyses?q=unmistakable%20opus")
    assert [each["id"] for each in page["data"]] == [wanted["id"]]
    line = page["data"][0]
    assert (line["status"], line["heading"], line["cost"]) == ("complete", "Complete", {"usd": wanted["cost"]["usd"]})
    complete = await read(http, "/api/analyses?status=complete&q=unmistakable")
    assert [each["id"] for each in complete["data"]] == [wanted["id"]]
    assert (await read(http, "/api/analyses?status=failed&q=unmistakable"))["data"] == []


async def test_a_run_is_forgotten(http, ultra):
    """A deleted run is gone: by its address, its events and in the history."""
    run = await analyzed(http, "A question to be FORGOTTEN-ENTIRELY", flow="route")
    location = f"/api/analyses/{run['id']}"
    async with http.delete(location) as response:
        assert (response.status, await response.read()) == (204, b"")
    for method, path in (("GET", location), ("GET", f"{location}/events"), ("DELETE", location)):
        problem = await refused(http, method, path, 404)
        assert problem["hint"]
    assert (await read(http, "/api/analyses?q=forgotten-entirely"))["data"] == []


async def test_a_run_is_stopped(http, mock):
    """Cancelling closes every open upstream call and ends the run as cancelled, with what it cost."""
    for model in ("alpha", "beta", "gamma"):
        mock.arm("stall-after-2-60s", provider="acme", model=model)
    location = await begun(http)
    await asyncio.to_thread(until, lambda: mock.outcomes() == ["open"] * 3, patience=60, what="three open calls")
    await refused(http, "DELETE", location, 409)
    async with http.post(f"{location}/cancel") as response:
        assert response.status == 202
    seen = await journal(http, location)
    assert seen[-1].event == "run.cancelled"
    await asyncio.to_thread(until, lambda: mock.outcomes() == ["client_left"] * 3, patience=20, what="closed calls")
    run = await read(http, location)
    assert (run["status"], run["heading"], run["text"]) == ("cancelled", "Cancelled", None)
    assert run["error"]["code"] == "cancelled"
    await refused(http, "POST", f"{location}/cancel", 409)


async def test_a_run_waited_for_and_stopped_is_told(http, mock):
    """Whoever waits for a run that somebody stops hears so, with the run as far as it came."""
    mock.arm("stall-after-2-60s", provider="acme", model="alpha")
    waiting = asyncio.create_task(
        refused(http, "POST", "/api/analyze", 499, json={"prompt": "STOP-ME", "models": PANEL[:1]})
    )
    await asyncio.to_thread(until, lambda: mock.outcomes() == ["open"], patience=60, what="an open call")
    (line,) = (await read(http, "/api/analyses?q=stop-me"))["data"]
    async with http.post(f"/api/analyses/{line['id']}/cancel") as response:
        assert response.status == 202
    problem = await waiting
    assert (problem["code"], problem["run"]["status"]) == ("cancelled", "cancelled")


async def test_a_follow_up_knows_what_was_said(http, mock):
    """The earlier question and verdict are in what every member of the follow-up is sent."""
    first = await analyzed(http, "Who was the FIRST-QUESTION person?")
    mock.reset()
    second = await analyzed(http, "And when was that?", follow_up_to=first["id"])
    assert second["follow_up_to"] == first["id"]
    asked = [each for each in mock.requests() if each["model"] in ("alpha", "beta", "gamma")]
    assert len(asked) >= 3
    for request in asked[:3]:
        sent = "\n".join(message["content"] for message in request["body"]["messages"])
        assert "FIRST-QUESTION" in sent
        assert first["text"].splitlines()[0][:40] in sent
        assert "And when was that?" in sent


async def test_documents_and_images_go_along(http, mock):
    """A text and a picture given with the question reach every member."""
    picture = {"media_type": "image/png", "data": "bm90IHJlYWxseSBhIHBuZw=="}
    document = {"name": "notes.txt", "text": "DOCUMENT-MARK"}
    await analyzed(http, context=[document], images=[picture])
    for request in mock.requests()[:3]:
        sent = json.dumps(request["body"])
        assert "DOCUMENT-MARK" in sent
        assert "notes.txt" in sent
        assert picture["data"] in sent


async def test_a_run_keeps_within_its_budget(http):
    """A small budget that reaches for the answers is not overrun by what follows."""
    run = await analyzed(http, budget_usd="0.008")
    assert float(run["cost"]["usd"]) <= 0.008


async def test_a_run_that_keeps_nothing_leaves_nothing(http, ultra, mock):
    """With `store: false` no byte of question or answer reaches the disk, and history does not know the run."""
    secret = "The SECRET-OF-THE-LIGHTHOUSE question"
    async with http.post("/api/analyze", json={"prompt": secret, "models": PANEL, "store": False}) as response:
        run = await response.json()
    assert run["status"] == "complete"
    assert run["store"] is False
    assert (await read(http, "/api/analyses?q=lighthouse"))["data"] == []
    assert (await read(http, f"/api/analyses/{run['id']}"))["text"] == run["text"]
    kept = await analyzed(http, "The KEPT-IN-THE-LIGHTHOUSE question", flow="route")
    written = b"".join(path.read_bytes() for path in ultra.folder.rglob("*") if path.is_file())
    assert b"KEPT-IN-THE-LIGHTHOUSE" in written
    assert kept["id"].encode() in written
    assert b"SECRET-OF-THE-LIGHTHOUSE" not in written
    assert run["text"].encode() not in written


async def test_a_run_outlives_its_connection(http, mock):
    """A client that leaves does not end its run."""
    mock.arm("slow-start-500ms", provider="acme", model="alpha", times=1)
    body = {"prompt": "OUTLIVES its asker", "models": PANEL}
    with pytest.raises(asyncio.TimeoutError):
        async with asyncio.timeout(0.3), http.post("/api/analyze", json=body):
            pytest.fail("It answered too soon.")
    (line,) = (await read(http, "/api/analyses?q=outlives"))["data"]
    assert (await journal(http, f"/api/analyses/{line['id']}"))[-1].event == "run.done"
    assert mock.outcomes("alpha")[0] == "finished"


async def test_patterns_are_listed(http):
    """Every pattern and flow can be looked up before it is asked for."""
    found = await read(http, "/api/patterns")
    assert len(found["data"]) == 11
    assert {each["name"] for each in found["flows"]} == {"route", "compare", "vote", "adaptive", "council", "full"}
    assert all(each["summary"] for each in found["flows"])
    one = await read(http, "/api/patterns/fact-check")
    assert one in found["data"]
    assert one["model"] == "ultra/fact-check"
    problem = await refused(http, "GET", "/api/patterns/factcheck", 404)
    assert "fact-check" in problem["hint"]
