"""Whole answers in Anthropic's shape."""

import pytest

from ultra.domain.chat import Finished, Opaque, Reasoning, Refusal, Text, ToolCall, Usage
from ultra.domain.completion import Completion
from ultra.domain.errors import InvalidRequest, Overloaded
from ultra.protocols.anthropic_messages import answer, counted, error


def test_an_answer_is_exact() -> None:
    """Every kind of block; input tokens exclude what was cached; other vendors' bytes are dropped."""
    completion = Completion(
        "u",
        "p",
        "m",
        (
            Reasoning("hm", opaque=Opaque("anthropic", "m", "sig")),
            Opaque("anthropic", "m", {"type": "redacted_thinking", "data": "d"}),
            Opaque("gemini", "m", {"type": "x"}),
            Text("a"),
            Refusal("b"),
            ToolCall("t1", "look", '{"a":1}'),
        ),
        Finished("tool_calls"),
        Usage(input_total=10, input_cached=3, cache_write_5m=2, cache_write_1h=1, output_total=4, output_reasoning=1),
    )
    assert answer(completion, id="msg_1", model="a/b", extra={"ultra": 1}) == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "a/b",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "d"},
            {"type": "text", "text": "a"},
            {"type": "text", "text": "b"},
            {"type": "tool_use", "id": "t1", "name": "look", "input": {"a": 1}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 4,
            "cache_creation_input_tokens": 3,
            "cache_read_input_tokens": 3,
            "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 1},
            "output_tokens": 4,
            "output_tokens_details": {"thinking_tokens": 1},
        },
        "ultra": 1,
    }
    assert counted(7) == {"input_tokens": 7}


@pytest.mark.parametrize(
    ("written", "read"),
    [("", {}), ('{"a":[1]}', {"a": [1]}), ("{bad", {"INVALID_JSON": "{bad"}), ("[1]", {"INVALID_JSON": "[1]"})],
)
def test_arguments_are_always_an_object(written: str, read: dict[str, object]) -> None:
    """Arguments a model wrote badly are handed on whole, under a name that says so."""
    completion = Completion("u", "p", "m", (ToolCall("t", "f", written),), Finished("tool_calls"), None)
    assert answer(completion, id="i", model="m")["content"][0]["input"] == read


def test_errors_have_anthropics_shape() -> None:
    """The request id stands in the body too; an imitated status brings its own type."""
    reply = error(InvalidRequest("n is 0.", hint="Send 1."), request_id="req_1")
    assert reply.body == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "n is 0. Send 1."},
        "request_id": "req_1",
    }
    imitated = error(Overloaded("Full."), request_id=None, status=500)
    assert (imitated.status, imitated.body["error"]["type"]) == (500, "api_error")
