"""Distortions: answers that are whole but wrong, or right but odd."""

import json

import pytest

from tests.unit.mock.faults.reading import VENDORS, frames, texts
from ultra.protocols.sse import Decoder


@pytest.mark.parametrize("vendor", VENDORS)
async def test_error_in_stream(raw, vendor):
    """After the pieces asked for comes an error in the vendor's shape, and nothing else."""
    found, _ = await frames(raw, vendor, "error-in-stream-after-2")
    last = json.loads(found[-1].data)
    assert last["error"]["message"] == "Overloaded."
    assert next(iter(last)) == ("type" if vendor == "anthropic" else "error")
    assert sum(bool(texts(vendor, [frame])) for frame in found[:-1]) == 2


@pytest.mark.parametrize("vendor", VENDORS)
async def test_invalid_json(raw, vendor):
    """One event is broken JSON, the others are not."""
    async with raw.post(vendor, "invalid-json", stream=True) as reply:
        found = Decoder().feed(await reply.read())
    broken = [frame for frame in found if frame.data == b'{"id": "broken", "choices": [{']
    assert len(broken) == 1
    async with raw.post(vendor, "invalid-json") as reply:
        with pytest.raises(json.JSONDecodeError):
            json.loads(await reply.read())


@pytest.mark.parametrize("vendor", VENDORS)
async def test_unknown_things(raw, vendor):
    """An unknown event, field or finish reason stands in an answer that is otherwise whole."""
    whole, _ = await frames(raw, vendor, None)
    for name in ("unknown-event", "unknown-field", "unknown-finish"):
        found, _ = await frames(raw, vendor, name)
        assert b"mock_unheard_of" in b"".join(frame.data for frame in found)
        assert texts(vendor, found) == texts(vendor, whole)


@pytest.mark.parametrize(
    ("vendor", "field"), [("openai", "choices"), ("anthropic", "content"), ("gemini", "candidates")]
)
async def test_empty_choices(raw, vendor, field):
    """There is nothing where the answer should be."""
    async with raw.post(vendor, "empty-choices") as reply:
        assert (await reply.json())[field] == []
    found, _ = await frames(raw, vendor, "empty-choices")
    assert texts(vendor, found) == ""


@pytest.mark.parametrize("vendor", VENDORS)
async def test_no_usage(raw, vendor):
    """Token counts are missing, streaming or not."""
    async with raw.post(vendor, "no-usage") as reply:
        assert not {"usage", "usageMetadata"} & set(await reply.json())
    found, _ = await frames(raw, vendor, "no-usage")
    assert b"usage" not in b"".join(frame.data for frame in found)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_huge_event(raw, vendor):
    """One event is larger than a mebibyte."""
    found, _ = await frames(raw, vendor, "huge-event")
    assert max(len(frame.data) for frame in found) > 1 << 20


async def test_tool_faults(raw):
    """Two calls share an id; arguments are no JSON."""
    tools = [
        {"type": "function", "function": {"name": "get_weather", "parameters": {
            "type": "object", "properties": {"city": {"type": "string"}}}}}
    ]  # fmt: skip
    wish = {"tools": tools, "question": "What is the weather in Paris?"}
    async with raw.post("openai", "duplicate-tool-ids", **wish) as reply:
        calls = (await reply.json())["choices"][0]["message"]["tool_calls"]
    assert [call["id"] for call in calls] == ["call_twice", "call_twice"]
    async with raw.post("openai", "invalid-tool-args", **wish) as reply:
        (call,) = (await reply.json())["choices"][0]["message"]["tool_calls"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(call["function"]["arguments"])


async def test_endings(raw):
    """Refusals, filters and limits end an answer in the vendor's words."""
    async with raw.post("openai", "refusal") as reply:
        assert (await reply.json())["choices"][0]["message"]["refusal"]
    async with raw.post("anthropic", "refusal") as reply:
        assert (await reply.json())["stop_reason"] == "refusal"
    async with raw.post("openai", "filtered") as reply:
        assert (await reply.json())["choices"][0]["finish_reason"] == "content_filter"
    async with raw.post("gemini", "filtered") as reply:
        assert (await reply.json())["candidates"][0]["finishReason"] == "SAFETY"
    async with raw.post("gemini", "cut-at-limit") as reply:
        assert (await reply.json())["candidates"][0]["finishReason"] == "MAX_TOKENS"


async def test_blocked_prompts(raw):
    """A blocked prompt is a 400, a refusal without content, or feedback without candidates."""
    async with raw.post("openai", "blocked") as reply:
        assert reply.status == 400
    async with raw.post("anthropic", "blocked") as reply:
        body = await reply.json()
        assert (body["stop_reason"], body["content"]) == ("refusal", [])
    async with raw.post("gemini", "blocked") as reply:
        body = await reply.json()
        assert body["promptFeedback"]["blockReason"] == "SAFETY"
        assert "candidates" not in body


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", ["keepalives", "odd-framing"])
async def test_legal_oddities(raw, vendor, name):
    """What is legal but unusual decodes to the same text."""
    found, decoder = await frames(raw, vendor, name)
    whole, _ = await frames(raw, vendor, None)
    assert texts(vendor, found) == texts(vendor, whole)
    assert not decoder.pending
