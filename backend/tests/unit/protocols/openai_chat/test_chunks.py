"""OpenAI's stream, byte by byte and as clients add it up."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.event_streams import COUNTED, STARTED, fold, frames, streams, written
from ultra.domain.chat import Delta, Event, Finished, PartEnded, PartStarted, Refusal, Usage, UsageReported
from ultra.domain.errors import Overloaded, Truncated
from ultra.protocols.openai_chat import ChunkWriter, answer


def _writer(*, include_usage: bool = True) -> ChunkWriter:
    return ChunkWriter(id="chatcmpl-1", created=5, model="a/b", include_usage=include_usage)


def _accumulated(stream: bytes) -> dict[str, Any]:
    """Add chunks up as the official client does: strings are joined, tool calls indexed, usage overwritten."""
    *chunks, done = (frame.data for frame in frames(stream))
    assert done == b"[DONE]"
    total: dict[str, Any] = {"message": {}, "calls": [], "finish_reason": None, "usage": None}
    for chunk in map(orjson.loads, chunks):
        total["usage"] = chunk.get("usage")
        total["ultra"] = chunk.get("ultra")
        for choice in chunk["choices"]:
            total["finish_reason"] = choice["finish_reason"]
            delta = choice["delta"]
            for call in delta.pop("tool_calls", []):
                if call["index"] == len(total["calls"]):
                    total["calls"].append({"id": "", "name": "", "arguments": ""})
                entry = total["calls"][call["index"]]
                entry["id"] += call.get("id", "")
                entry["name"] += call["function"].get("name", "")
                entry["arguments"] += call["function"].get("arguments", "")
            for name, text in delta.items():
                total["message"][name] = total["message"].get(name, "") + text
    return total


@given(events=streams(), include_usage=st.booleans())
def test_what_clients_add_up_is_what_was_said(events: list[Event], include_usage: bool) -> None:
    """Accumulated chunks equal the whole answer, for any stream of events."""
    whole = answer(fold(events), id="chatcmpl-1", created=5, model="a/b")
    choice = whole["choices"][0]
    total = _accumulated(written(_writer(include_usage=include_usage), events, {"ultra": {"x": 1}}))
    assert total["message"].pop("role") == "assistant"
    for name in ("content", "refusal", "reasoning_content"):
        assert (total["message"].get(name) or "") == (choice["message"].get(name) or "")
    calls = choice["message"].get("tool_calls", [])
    assert total["calls"] == [{"id": each["id"], **each["function"]} for each in calls]
    assert total["finish_reason"] == choice["finish_reason"]
    assert total["usage"] == (whole["usage"] if include_usage else None)
    assert total["ultra"]["x"] == 1


_HEAD = '"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"a/b"'


_COUNTS = (
    '"prompt_tokens":7,"completion_tokens":5,"total_tokens":12,'
    '"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":0},'
    '"completion_tokens_details":{"reasoning_tokens":1}'
)


def _chunk(delta: str, finish: str = "null") -> str:
    return f'data: {{{_HEAD},"choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]'


def test_a_stream_with_text_and_tools_is_exact() -> None:
    """Role, tool id and name once; indexes over tool calls only; usage null until its own chunk; then `[DONE]`."""
    events = [
        STARTED,
        PartStarted(0, "reasoning"),
        Delta(0, "hm"),
        PartEnded(0),
        PartStarted(1, "text"),
        Delta(1, "ok"),
        Delta(1, ""),
        PartEnded(1),
        PartStarted(2, "tool_call", "c1", "look"),
        Delta(2, '{"a":'),
        Delta(2, "1}"),
        PartEnded(2),
        UsageReported(COUNTED),
        Finished("tool_calls"),
    ]
    null = ',"usage":null}\n\n'
    assert written(_writer(), events, {"ultra": {"cost": "1"}}).decode() == "".join(
        [
            _chunk('{"role":"assistant","content":""}') + null,
            _chunk('{"reasoning_content":"hm"}') + null,
            _chunk('{"content":"ok"}') + null,
            _chunk('{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"look","arguments":""}}]}')
            + null,
            _chunk('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\":"}}]}') + null,
            _chunk('{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}') + null,
            _chunk("{}", '"tool_calls"') + null,
            f'data: {{{_HEAD},"choices":[],"usage":{{{_COUNTS}}},"ultra":{{"cost":"1"}}}}\n\n',
            "data: [DONE]\n\n",
        ]
    )


def test_without_usage_the_finish_chunk_carries_what_is_extra() -> None:
    """Nobody asked for usage: no chunk names it, and `ultra` stands on the finish chunk."""
    events = [STARTED, PartStarted(0, "text"), Delta(0, "é"), UsageReported(COUNTED), Finished("stop")]
    assert written(_writer(include_usage=False), events, {"ultra": 1}).decode() == "".join(
        [
            _chunk('{"role":"assistant","content":""}') + "}\n\n",
            _chunk('{"content":"é"}') + "}\n\n",
            _chunk("{}", '"stop"') + ',"ultra":1}\n\n',
            "data: [DONE]\n\n",
        ]
    )


def test_unknown_usage_is_not_invented() -> None:
    """When nobody counted, there is no usage chunk and nothing extra is lost."""
    stream = written(_writer(), [STARTED, Finished("stop")], {"ultra": 1})
    assert b'"choices":[]' not in stream
    assert b'"ultra":1' in stream


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        (Finished("stop"), "stop"),
        (Finished("length"), "length"),
        (Finished("tool_calls"), "tool_calls"),
        (Finished("filtered"), "content_filter"),
        (Finished("refusal"), "content_filter"),
        (Finished("paused", "pause_turn"), "stop"),
    ],
)
def test_every_reason_has_openais_word(finish: Finished, word: str) -> None:
    """A reason without a word of its own is told under `ultra`."""
    total = _accumulated(written(_writer(), [STARTED, finish], {"ultra": {"a": 1}}))
    assert total["finish_reason"] == word
    assert total["ultra"] == {"a": 1} | ({"raw_finish_reason": "pause_turn"} if finish.reason == "paused" else {})


def test_a_refusal_in_words_ends_normally() -> None:
    """The message says no by itself, so the filter is not blamed."""
    events = [STARTED, PartStarted(0, "refusal"), Delta(0, "no"), PartEnded(0), Finished("refusal")]
    total = _accumulated(written(_writer(), events))
    assert total["finish_reason"] == "stop"
    assert total["message"]["refusal"] == "no"
    assert fold(events).parts == (Refusal("no"),)


def test_an_error_inside_the_stream_ends_it_without_done() -> None:
    """One event with a truthy `error`, and nothing after it."""
    writer = _writer()
    writer.write(STARTED)
    assert writer.error(Overloaded("Full.")) == [
        b'data: {"error":{"message":"Full.","type":"service_unavailable_error","param":null,"code":"overloaded"}}\n\n'
    ]


def test_keep_alive_is_a_comment() -> None:
    """The official clients skip comments and nothing else."""
    assert _writer().keepalive() == b": keep-alive\n\n"


def test_an_end_that_was_not_announced_is_not_written() -> None:
    """Without `Finished` there is no `[DONE]`: the answer was cut."""
    writer = _writer()
    writer.write(STARTED)
    writer.write(UsageReported(Usage()))
    with pytest.raises(Truncated):
        writer.end()
