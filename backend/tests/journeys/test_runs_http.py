"""Runs over HTTP: asked for, watched, resumed, listed, continued, stopped, forgotten, refused."""

import asyncio
import json
from typing import Any, get_args

import aiohttp
import pytest

from tests.journeys.programs import PANEL, until
from tests.journeys.streams import Frame, events, frames
from ultra.domain.analysis import EventType

OPEN = "Why is the sky blue?"
CLOSED = "What is 17 * 23? End with a line `Answer: <number>`."
SSE = {"accept": "text/event-stream"}


async def analyzed(http: aiohttp.ClientSession, prompt: str = OPEN, **more: Any) -> dict[str, Any]:
    """Ask the panel and return the finished run."""
    async with http.post("/api/analyze", json={"prompt": prompt, "models": PANEL, **more}) as response:
        assert response.status == 200, await response.text()
        found: dict[str, Any] = await response.json()
        assert response.headers["location"] == f"/api/analyses/{found['id']}"
        return found


async def begun(http: aiohttp.ClientSession, prompt: str = OPEN, **more: Any) -> str:
    """Ask the panel without waiting, and return where the run is."""
    body = {"prompt": prompt, "models": PANEL, **more}
    async with http.post("/api/analyze", json=body, headers={"prefer": "respond-async"}) as response:
        assert response.status == 202, await response.text()
        assert response.headers["preference-applied"] == "respond-async"
        told = await response.json()
        assert response.headers["location"] == told["location"] == f"/api/analyses/{told['id']}"
        return str(told["location"])


async def read(http: aiohttp.ClientSession, path: str) -> Any:
    """Return the JSON at a path."""
    async with http.get(path) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def refused(http: aiohttp.ClientSession, method: str, path: str, status: int, **request: Any) -> dict[str, Any]:
    """Check that a request is refused with a whole problem document, and return it."""
    async with http.request(method, path, **request) as response:
        body: dict[str, Any] = await response.json(content_type=None)
        assert response.status == status, body
        assert response.content_type == "application/problem+json"
        assert body["status"] == status
        assert body["request_id"] == response.headers["x-request-id"]
        assert all(body[name] for name in ("type", "title", "detail", "code"))
        return body


async def journal(http: aiohttp.ClientSession, location: str, after: int | None = None) -> list[Frame]:
    """Return a run's events to its end."""
    headers = {} if after is None else {"last-event-id": str(after)}
    async with http.get(f"{location}/events", headers=headers) as response:
        return await events(response)


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


async def test_a_strange_position_is_refused(http):
    """`Last-Event-ID` that is no id of an event is a 400."""
    location = await begun(http)
    problem = await refused(http, "GET", f"{location}/events", 400, headers={"last-event-id": "soon"})
    assert problem["param"] == "Last-Event-ID"


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


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=finished", "cursor=nonsense"])
async def test_strange_queries_are_refused(http, query):
    """A parameter of the history that makes no sense is a 400 that names it."""
    problem = await refused(http, "GET", f"/api/analyses?{query}", 400)
    assert problem["param"] == query.split("=", maxsplit=1)[0]


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
    await asyncio.to_thread(until, lambda: mock.outcomes() == ["open"] * 3, patience=20, what="three open calls")
    await refused(http, "DELETE", location, 409)
    async with http.post(f"{location}/cancel") as response:
        assert response.status == 202
    seen = await journal(http, location)
    assert seen[-1].event == "run.cancelled"
    await asyncio.to_thread(until, lambda: mock.outcomes() == ["client_left"] * 3, patience=5, what="closed calls")
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
    await asyncio.to_thread(until, lambda: mock.outcomes() == ["open"], patience=20, what="an open call")
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


async def test_a_follow_up_to_nothing_is_refused(http, mock):
    """An earlier run that does not exist, or has no verdict, cannot be continued."""
    await refused(http, "POST", "/api/analyze", 404, json={"prompt": OPEN, "follow_up_to": "run_nothing"})
    assert mock.requests() == []


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


async def test_a_budget_that_does_not_reach_spends_nothing(http, mock):
    """What cannot be paid for is refused before anybody is asked."""
    body = {"prompt": OPEN, "models": PANEL, "budget_usd": "0.000001"}
    problem = await refused(http, "POST", "/api/analyze", 402, json=body)
    assert problem["code"] == "quota_exhausted"
    assert problem["hint"]
    assert mock.requests() == []


async def test_a_run_keeps_within_its_budget(http):
    """A small budget that reaches for the answers is not overrun by what follows."""
    run = await analyzed(http, budget_usd="0.008")
    assert float(run["cost"]["usd"]) <= 0.008


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


async def test_what_keeps_nothing_cannot_be_asked_for_later(http, mock):
    """`store: false` with `respond-async` is refused: there would be nothing to look up."""
    headers = {"prefer": "respond-async"}
    body = {"prompt": OPEN, "store": False}
    problem = await refused(http, "POST", "/api/analyze", 400, json=body, headers=headers)
    assert problem["param"] == "store"
    assert mock.requests() == []


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
