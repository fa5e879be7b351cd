"""The list of models: for clients on `/v1/models`, for people and dashboards on `/api/available-models`."""

import re
from typing import Any

import aiohttp
import pytest

from tests.journeys.programs import MODELS
from ultra.domain.models import Reason, State

UPSTREAM = {f"{provider}/{name}" for provider, names in MODELS.items() for name in names}


async def listed(http: aiohttp.ClientSession, path: str = "/v1/models", **headers: str) -> Any:
    """Return a list of models."""
    async with http.get(path, headers=headers) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_a_list_is_openais_and_more(http):
    """Each item has the five fields of the wire with their types, and everything else under one key."""
    body = await listed(http)
    assert set(body) == {"object", "data", "ultra"}
    for item in body["data"]:
        assert set(item) == {"id", "object", "created", "owned_by", "shutdown_date", "ultra"}
        assert (item["object"], type(item["created"])) == ("model", int)
        assert item["ultra"]["kind"] in ("upstream", "ensemble")
        assert item["ultra"]["availability"]["state"] in State.__args__
        assert item["ultra"]["availability"]["reason"] in (None, *Reason.__args__)
    assert {item["id"] for item in body["data"]} >= UPSTREAM


async def test_the_envelope_counts(http):
    """Beside the list stand the environment, the providers, and how many models can be used."""
    body = await listed(http)
    facts = body["ultra"]
    assert (facts["environment"], facts["mock"]) == ("testing", False)
    assert facts["counts"]["total"] == len(body["data"])
    assert facts["counts"]["usable"] == sum(item["ultra"]["usable"] for item in body["data"])
    assert {each["id"] for each in facts["providers"]} == set(MODELS)
    assert all(each["key_configured"] for each in facts["providers"])


async def test_prices_are_decimals_in_words(http):
    """No price is a float: dollars are exact or unknown."""
    priced = [item["ultra"]["pricing"] for item in (await listed(http))["data"] if item["ultra"]["pricing"]]
    assert priced
    for price in priced:
        for name in ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h"):
            assert price[name] is None or re.fullmatch(r"\d+(\.\d+)?", price[name])


async def test_nothing_secret_is_listed(http):
    """Neither a key nor the address of an upstream is in any list."""
    for path in ("/v1/models", "/api/available-models"):
        async with http.get(path) as response:
            text = await response.text()
        assert "key-for" not in text
        assert "127.0.0.1" not in text


async def test_an_unchanged_list_is_not_sent_again(http):
    """A client that has the list says so by its tag and gets 304 without a body."""
    for path in ("/v1/models", "/v1/models/acme/alpha"):
        async with http.get(path) as first, http.get(path, headers={"if-none-match": first.headers["etag"]}) as second:
            assert first.headers["cache-control"] == second.headers["cache-control"] == "private, max-age=5"
            assert first.headers["etag"] == second.headers["etag"]
            assert (second.status, await second.read()) == (304, b"")
        async with http.get(path, headers={"if-none-match": '"another"'}) as third:
            assert third.status == 200


async def test_head_is_get_without_its_body(http):
    """HEAD tells status and headers."""
    async with http.head("/v1/models") as response:
        assert (response.status, await response.read()) == (200, b"")
        assert response.headers["etag"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("provider=acme", lambda item: item["id"].startswith("acme/")),
        ("kind=ensemble", lambda item: item["id"].startswith("ultra/")),
        ("kind=upstream", lambda item: not item["id"].startswith("ultra/")),
        ("available=true", lambda item: item["ultra"]["usable"]),
        ("available=false", lambda item: not item["ultra"]["usable"]),
        ("capability=vision", lambda item: "image" in (item["ultra"]["modalities"]["input"] or [])),
        ("provider=acme&kind=ensemble", lambda item: False),
    ],
)
async def test_lists_are_filtered(http, query, wanted):
    """A filter keeps exactly what it names, in both lists."""
    every, found = await listed(http), await listed(http, f"/v1/models?{query}")
    assert [item["id"] for item in found["data"]] == [item["id"] for item in every["data"] if wanted(item)]
    people = await listed(http, f"/api/available-models?{query}")
    assert [item["id"] for item in people["models"]] == [item["id"] for item in found["data"]]


@pytest.mark.parametrize(
    "query", ["available=perhaps", "kind=other", "capability=flying", "include=everything", "colour=blue"]
)
async def test_strange_filters_are_refused(http, query):
    """A filter that nobody knows is a 400 that names it, in the words of each wire."""
    name = query.split("=")[0]
    async with http.get(f"/v1/models?{query}") as response:
        assert (response.status, (await response.json())["error"]["param"]) == (400, name)
    async with http.get(f"/api/available-models?{query}") as response:
        assert (response.status, (await response.json())["param"]) == (400, name)


async def test_people_see_the_same_facts(http):
    """Both lists tell the same of every model."""
    machine, people = await listed(http), await listed(http, "/api/available-models")
    told = {item["id"]: item["ultra"] for item in machine["data"]}
    assert {item.pop("id"): item for item in people["models"]} == told
    assert people["counts"] == machine["ultra"]["counts"]


async def test_what_was_measured_is_listed(http, mock):
    """After enough answers of a model its latency is listed, before that it is unknown."""
    body = {"model": "acme/delta", "messages": [{"role": "user", "content": "Hi"}]}
    before = (await listed(http, "/v1/models/acme/delta"))["ultra"]["latency"]
    assert before is None or before["total_ms"] is None or before["samples"] >= 5
    for _ in range(5):
        async with http.post("/v1/chat/completions", json=body) as response:
            assert response.status == 200
    after = (await listed(http, "/v1/models/acme/delta"))["ultra"]["latency"]
    assert after["samples"] >= 5
    assert after["total_ms"]["p50"] > 0
