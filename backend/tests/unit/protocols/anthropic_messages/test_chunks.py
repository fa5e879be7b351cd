"""Anthropic's stream, byte by byte and as clients add it up."""

from typing import Any

import orjson
import pytest
from hypothesis import given

from tests.unit.protocols.event_streams import COUNTED, STARTED, fold, frames, streams, written
from ultra.domain.chat import Delta, Event, Finished, Opaque, PartEnded, PartStarted, Usage, UsageReported
from ultra.domain.errors import Overloaded, Truncated
from ultra.protocols.anthropic_messages import ChunkWriter, answer


def _writer() -> ChunkWriter:
    return ChunkWriter(id="msg_1", model="a/b", request_id="req_1")


def _accumulated(stream: bytes) -> dict[str, Any]:
    """Add events up as the official client does: blocks by index in start order, usage overwritten."""
    message: dict[str, Any] = {}
    partial: dict[int, str] = {}
    found = frames(stream)
    assert found[0].event == "message_start"
    assert found[-1].event == "message_stop"
    for frame in found:
        event = orjson.loads(frame.data)
        assert frame.event == event["type"]
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                assert event["index"] == len(message["content"])
                message["content"].append(event["content_block"])
            case "content_block_delta":
                assert event["index"] == len(message["content"]) - 1
                block, delta = message["content"][event["index"]], event["delta"]
                if delta["type"] == "input_json_delta":
                    partial[event["index"]] = partial.get(event["index"], "") + delta["partial_json"]
                    continue
                name = delta["type"].removesuffix("_delta")
                block[name] = delta[name] if name == "signature" else block[name] + delta[name]
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
    for index, text in partial.items():
        message["content"][index]["input"] = orjson.loads(text)
    return message


@given(events=streams())
def test_what_clients_add_up_is_what_was_said(events: list[Event]) -> None:
    """Accumulated events equal the whole answer, for any stream of events, interleaved parts included."""
    assert _accumulated(written(_writer(), events)) == answer(fold(events), id="msg_1", model="a/b")


_MESSAGE = (
    '"id":"msg_1","type":"message","role":"assistant","model":"a/b","content":[],'
    '"stop_reason":null,"stop_sequence":null'
)
_INPUT = (
    '"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":2,'
    '"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}'
)
_END = '"delta":{"stop_reason":"tool_use","stop_sequence":null}'


def _thought(tokens: int) -> str:
    return f'"output_tokens_details":{{"thinking_tokens":{tokens}}}'


def test_a_stream_with_every_kind_of_block_is_exact() -> None:
    """Names equal types, indexes have no gaps, the signature comes before the stop, usage is cumulative."""
    events = [
        STARTED,
        UsageReported(Usage(input_total=7, input_cached=2)),
        PartStarted(0, "reasoning"),
        Delta(0, "hm"),
        PartEnded(0, Opaque("anthropic", "m", "sig")),
        PartStarted(1, "opaque"),
        PartEnded(1, Opaque("openai", "m", {"type": "secret"})),
        PartStarted(2, "opaque"),
        PartEnded(2, Opaque("anthropic", "m", {"type": "redacted_thinking", "data": "d"})),
        PartStarted(3, "text"),
        Delta(3, "ok"),
        PartEnded(3),
        PartStarted(4, "tool_call", "t1", "look"),
        Delta(4, '{"a":1}'),
        PartEnded(4),
        UsageReported(COUNTED),
        Finished("tool_calls"),
    ]
    expected = [
        ("message_start", f'"message":{{{_MESSAGE},"usage":{{{_INPUT},"output_tokens":1,{_thought(0)}}}}}'),
        ("content_block_start", '"index":0,"content_block":{"type":"thinking","thinking":"","signature":""}'),
        ("content_block_delta", '"index":0,"delta":{"type":"thinking_delta","thinking":"hm"}'),
        ("content_block_delta", '"index":0,"delta":{"type":"signature_delta","signature":"sig"}'),
        ("content_block_stop", '"index":0'),
        ("content_block_start", '"index":1,"content_block":{"type":"redacted_thinking","data":"d"}'),
        ("content_block_stop", '"index":1'),
        ("content_block_start", '"index":2,"content_block":{"type":"text","text":""}'),
        ("content_block_delta", '"index":2,"delta":{"type":"text_delta","text":"ok"}'),
        ("content_block_stop", '"index":2'),
        ("content_block_start", '"index":3,"content_block":{"type":"tool_use","id":"t1","name":"look","input":{}}'),
        ("content_block_delta", '"index":3,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":1}"}'),
        ("content_block_stop", '"index":3'),
        ("message_delta", f'{_END},"usage":{{{_INPUT},"output_tokens":5,{_thought(1)}}},"ultra":{{"x":1}}'),
    ]
    lines = [f'event: {name}\ndata: {{"type":"{name}",{data}}}\n\n' for name, data in expected]
    lines.append('event: message_stop\ndata: {"type":"message_stop"}\n\n')
    assert written(_writer(), events, {"ultra": {"x": 1}}).decode() == "".join(lines)


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        (Finished("stop"), "end_turn"),
        (Finished("stop", "stop"), "end_turn"),
        (Finished("stop", "stop_sequence", "END"), "stop_sequence"),
        (Finished("length"), "max_tokens"),
        (Finished("length", "model_context_window_exceeded"), "model_context_window_exceeded"),
        (Finished("tool_calls", "tool_use"), "tool_use"),
        (Finished("filtered", "content_filter"), "refusal"),
        (Finished("refusal"), "refusal"),
        (Finished("paused", "pause_turn"), "pause_turn"),
    ],
)
def test_every_reason_has_anthropics_word(finish: Finished, word: str) -> None:
    """The vendor's own word is kept where it means the same."""
    message = _accumulated(written(_writer(), [STARTED, finish]))
    assert message["stop_reason"] == word
    assert message["stop_sequence"] == finish.stop_sequence


def test_a_ping_never_comes_before_the_start() -> None:
    """Clients need `message_start` first, so the first keep-alive brings it along, once."""
    writer = _writer()
    assert writer.write(STARTED) == []
    first, second = writer.keepalive(), writer.keepalive()
    assert first is not None
    assert [frame.event for frame in frames(first)] == ["message_start", "ping"]
    assert second == b'event: ping\ndata: {"type":"ping"}\n\n'


def test_an_error_inside_the_stream_is_an_event_of_its_own() -> None:
    """`event: error` with the type that clients classify by."""
    (frame,) = _writer().error(Overloaded("Full."))
    error = b'{"type":"overloaded_error","message":"Full."}'
    assert frame == b'event: error\ndata: {"type":"error","error":' + error + b',"request_id":"req_1"}\n\n'


def test_an_end_that_was_not_announced_is_not_written() -> None:
    """Without `Finished` there is no `message_stop`: the answer was cut."""
    writer = _writer()
    writer.write(STARTED)
    with pytest.raises(Truncated):
        writer.end()
