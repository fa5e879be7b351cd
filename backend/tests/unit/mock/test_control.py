"""Tests of the mock's own door: arming faults, and looking at what was asked."""

import hashlib

import pytest


async def status(raw, vendor="openai", scenario=None, **wish):
    """Return the status of one call."""
    async with raw.post(vendor, scenario, **wish) as reply:
        await reply.read()
        return reply.status


async def test_arms_for_so_many_times(raw):
    """An armed fault hits as often as told, then the vendor works again."""
    await raw.control("scenario", {"scenario": "overloaded", "times": 2}, method="POST")
    assert [await status(raw) for _ in range(3)] == [503, 503, 200]


async def test_arms_for_a_provider_and_a_model(raw):
    """A fault for one provider or model leaves the others alone."""
    await raw.control("scenario", {"scenario": "server-error", "provider": "anthropic"}, method="POST")
    await raw.control("scenario", {"scenario": "status-418", "model": "gemini-3-pro"}, method="POST")
    assert [await status(raw, vendor) for vendor in ("openai", "anthropic", "gemini")] == [200, 500, 418]


async def test_latest_rule_wins_and_header_wins_over_rules(raw):
    """Of two rules the later one counts; a header counts more than both, and more than the model's name."""
    await raw.control("scenario", {"scenario": "status-501"}, method="POST")
    await raw.control("scenario", {"scenario": "status-502", "times": 1}, method="POST")
    assert await status(raw, scenario="status-503", model="mock-status-504") == 503
    assert [await status(raw, model="mock-status-504") for _ in range(2)] == [502, 501]


async def test_disarms(raw):
    """Disarming ends every fault; the list shows what is armed and what there is."""
    await raw.control("scenario", {"scenario": "stall-5s", "after_tokens": 2}, method="POST")
    shown = await raw.control("scenarios")
    assert [rule["scenario"] for rule in shown["armed"]] == ["stall-5s"]
    assert {"name", "sentence"} == set(shown["scenarios"][0])
    await raw.control("scenarios", method="DELETE")
    assert (await raw.control("scenarios"))["armed"] == []
    assert await status(raw) == 200


async def test_reaches_other_routes_when_told(raw):
    """A fault is for completions unless it says otherwise: lists of models go on working."""
    headers = {"authorization": "Bearer k"}
    await raw.control("scenario", {"scenario": "bad-key"}, method="POST")
    async with raw.http.get(f"{raw.url}/openai/v1/models", headers=headers) as reply:
        assert reply.status == 200
    await raw.control("scenario", {"scenario": "bad-key", "on": "all"}, method="POST")
    async with raw.http.get(f"{raw.url}/openai/v1/models", headers=headers) as reply:
        assert reply.status == 401


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"scenario": 3}, {"scenario": "nonsense"}, {"scenario": "stall", "times": 0},
     {"scenario": "stall", "on": "sundays"}, {"scenario": "stall", "mood": "bad"}],
)  # fmt: skip
async def test_refuses_rules_it_cannot_read(raw, body):
    """A rule that makes no sense is a 400 that says why, and arms nothing."""
    async with raw.http.post(f"{raw.url}/control/scenario", json=body) as reply:
        assert reply.status == 400
        assert (await reply.json())["error"]
    assert (await raw.control("scenarios"))["armed"] == []


async def test_records_what_was_asked(raw):
    """The log has body, counts and outcome; keys are only there as their hash."""
    async with raw.post("openai", stream=True) as reply:
        await reply.read()
    await status(raw, "gemini")
    log = await raw.control("requests")
    first = log["requests"][0]
    assert log["counts"] == {"openai/gpt-5.5": 1, "gemini/gemini-3-pro": 1}
    assert first["body"]["messages"][0]["content"] == "What is 17 * 23?"
    assert first["headers"]["authorization"] == "[removed]"
    assert first["key_sha256"] == hashlib.sha256(b"k").hexdigest()
    assert (first["outcome"], first["stream"]) == ("finished", True)
    assert first["tokens_sent"] > 0
    assert len((await raw.control("requests?model=gemini-3-pro"))["requests"]) == 1


async def test_resets(raw):
    """A reset forgets faults, requests and counts."""
    await raw.control("scenario", {"scenario": "overloaded"}, method="POST")
    await status(raw)
    await raw.control("reset", method="POST")
    assert await raw.control("requests") == {"counts": {}, "requests": []}
    assert await status(raw) == 200
