"""Gemini's stream, byte by byte and as clients add it up."""

from typing import Any, Literal

import orjson
import pytest
from hypothesis import given

from tests.unit.protocols.event_streams import COUNTED, STARTED, fold, frames, streams, written
from ultra.domain.chat import Delta, Event, Finished, Opaque, PartEnded, PartStarted, UsageReported
from ultra.domain.errors import Overloaded, RateLimited, Truncated
from ultra.protocols.gemini_generate import ChunkWriter, answer


def _writer() -> ChunkWriter:
    return ChunkWriter(id="r1", model="a/b")


def _joined(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join neighbouring texts of one kind, as a reader of the stream does, and drop empty ones."""
    found: list[dict[str, Any]] = []
    for part in parts:
        if found and "text" in part and "text" in found[-1] and part.get("thought") == found[-1].get("thought"):
            found[-1] = {**found[-1], "text": found[-1]["text"] + part["text"]}
        elif part.get("text") != "":
            found.append(part)
    return found


@given(events=streams())
def test_what_clients_add_up_is_what_was_said(events: list[Event]) -> None:
    """Parts are new in each response, the reason stands on the last one only, usage is cumulative."""
    whole = answer(fold(events), id="r1", model="a/b")
    responses = [orjson.loads(frame.data) for frame in frames(written(_writer(), events))]
    candidates = [each["candidates"][0] for each in responses if "candidates" in each]
    parts = [part for each in candidates for part in each["content"]["parts"]]
    said = whole["candidates"][0]["content"]["parts"] if "candidates" in whole else []
    assert _joined(parts) == _joined(said)
    assert all("finishReason" not in each for each in candidates[:-1])
    last = responses[-1]
    assert last["usageMetadata"] == whole["usageMetadata"]
    assert last.get("promptFeedback") == whole.get("promptFeedback")
    if said:
        assert last["candidates"][0]["finishReason"] == whole["candidates"][0]["finishReason"]


def test_a_stream_with_thoughts_text_and_a_call_is_exact() -> None:
    """CRLF frames and nothing else; a call arrives whole with its signature."""
    events = [
        STARTED,
        PartStarted(0, "reasoning"),
        Delta(0, "hm"),
        PartEnded(0, Opaque("gemini", "m", "c2ln")),
        PartStarted(1, "text"),
        Delta(1, "ok"),
        UsageReported(COUNTED),
        PartEnded(1),
        PartStarted(2, "tool_call", "c1", "look"),
        Delta(2, '{"a":'),
        Delta(2, "1}"),
        PartEnded(2, Opaque("gemini", "m", "c2ln")),
        Finished("tool_calls", "STOP"),
    ]
    counts = (
        '"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":4,"totalTokenCount":12,'
        '"cachedContentTokenCount":2,"thoughtsTokenCount":1},'
    )
    tail = '"modelVersion":"a/b","responseId":"r1"'

    def frame(part: str, between: str, finish: str = "") -> str:
        content = f'{{"content":{{"parts":[{part}],"role":"model"}},{finish}"index":0}}'
        return f'data: {{"candidates":[{content}],{between}{tail}'

    assert written(_writer(), events, {"ultra": 1}).decode() == "".join(
        [
            frame('{"text":"hm","thought":true}', "") + "}\r\n\r\n",
            frame('{"text":"","thought":true,"thoughtSignature":"c2ln"}', "") + "}\r\n\r\n",
            frame('{"text":"ok"}', "") + "}\r\n\r\n",
            frame('{"functionCall":{"id":"c1","name":"look","args":{"a":1}},"thoughtSignature":"c2ln"}', counts)
            + "}\r\n\r\n",
            frame('{"text":""}', counts, '"finishReason":"STOP",') + ',"ultra":1}\r\n\r\n',
        ]
    )


def test_a_part_of_googles_own_passes_and_others_do_not() -> None:
    """Opaque parts go back only to the vendor that made them."""
    raw = {"executableCode": {"code": "1"}}
    writer = _writer()
    events: list[Event] = [STARTED, PartStarted(0, "opaque"), PartEnded(0, Opaque("gemini", "m", raw))]
    events += [PartStarted(1, "opaque"), PartEnded(1, Opaque("anthropic", "m", {"type": "x"}))]
    (only,) = [frame for event in events for frame in writer.write(event)]
    assert orjson.loads(frames(only)[0].data)["candidates"][0]["content"]["parts"] == [raw]


@pytest.mark.parametrize("kind", ["text", "opaque"])
def test_a_signature_on_a_text_follows_it_alone(kind: Literal["text", "opaque"]) -> None:
    """Clients send it back as they got it, so it must be in the stream, even without a text."""
    writer = _writer()
    events = [STARTED, PartStarted(0, kind), PartEnded(0, Opaque("gemini", "m", "c2ln"))]
    (only,) = [frame for event in events for frame in writer.write(event)]
    parts = orjson.loads(frames(only)[0].data)["candidates"][0]["content"]["parts"]
    assert parts == [{"text": "", "thoughtSignature": "c2ln"}]


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        (Finished("stop"), "STOP"),
        (Finished("length", "max_tokens"), "MAX_TOKENS"),
        (Finished("tool_calls", "tool_use"), "STOP"),
        (Finished("filtered", "RECITATION"), "RECITATION"),
        (Finished("filtered", "content_filter"), "SAFETY"),
        (Finished("refusal"), "SAFETY"),
        (Finished("paused", "pause_turn"), "OTHER"),
        (Finished("paused", "CONTINUATION"), "CONTINUATION"),
    ],
)
def test_every_reason_has_googles_word(finish: Finished, word: str) -> None:
    """The vendor's own word is kept where it means the same."""
    events = [STARTED, PartStarted(0, "text"), Delta(0, "x"), PartEnded(0), finish]
    last = orjson.loads(frames(written(_writer(), events))[-1].data)
    assert last["candidates"][0]["finishReason"] == word
    assert "usageMetadata" not in last


def test_a_refused_prompt_has_feedback_and_no_candidate() -> None:
    """Nothing was said and the filter closed: the prompt itself was blocked."""
    events = [STARTED, Finished("filtered", "PROHIBITED_CONTENT")]
    (only,) = frames(written(_writer(), events))
    assert orjson.loads(only.data) == {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "modelVersion": "a/b",
        "responseId": "r1",
    }


def test_an_error_inside_the_stream_begins_with_error() -> None:
    """Clients look at the first key and need an integer code."""
    assert _writer().error(Overloaded("Full.")) == [
        b'data: {"error":{"code":503,"message":"Full.","status":"UNAVAILABLE"}}\r\n\r\n'
    ]
    (limited,) = _writer().error(RateLimited("Slow.", retry_after=1.5))
    assert b'"retryDelay":"1.5s"' in limited


def test_nothing_keeps_this_wire_alive() -> None:
    """There is no byte that its clients would survive."""
    assert _writer().keepalive() is None


def test_an_end_that_was_not_announced_is_not_written() -> None:
    """Without `Finished` there is no `finishReason`: the answer was cut."""
    writer = _writer()
    writer.write(STARTED)
    with pytest.raises(Truncated):
        writer.end()
