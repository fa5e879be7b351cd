"""Whole answers in OpenAI's shape."""

from ultra.domain.chat import Finished, Opaque, Reasoning, Text, ToolCall, Usage
from ultra.domain.completion import Completion
from ultra.protocols.openai_chat import answer


def _completion(*parts: object, finish: Finished | None = None, usage: Usage | None = None) -> Completion:
    return Completion("u", "p", "m", parts, finish or Finished("stop"), usage)  # type: ignore[arg-type]  # any parts


def test_an_answer_is_exact() -> None:
    """All fields of `chat.completion`, reasoning beside the content, `ultra` at top level."""
    completion = _completion(
        Reasoning("hm", opaque=Opaque("anthropic", "m", "sig")),
        Text("a"),
        Text("b"),
        ToolCall("c1", "look", "{bad"),
        finish=Finished("tool_calls"),
        usage=Usage(input_total=3, input_cached=1, cache_write_5m=1, output_total=2, output_reasoning=1),
    )
    assert answer(completion, id="chatcmpl-1", created=5, model="a/b", extra={"ultra": {"cost": None}}) == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 5,
        "model": "a/b",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "ab",
                    "refusal": None,
                    "reasoning_content": "hm",
                    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{bad"}}],
                },
                "logprobs": None,
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 2,
            "total_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 1},
            "completion_tokens_details": {"reasoning_tokens": 1},
        },
        "ultra": {"cost": None},
    }


def test_content_is_null_only_beside_something_else() -> None:
    """A call without text has null content; an empty answer has an empty text."""
    called = answer(_completion(ToolCall("c", "f", "{}")), id="i", created=0, model="m")
    assert called["choices"][0]["message"]["content"] is None
    empty = answer(_completion(), id="i", created=0, model="m")
    assert empty["choices"][0]["message"]["content"] == ""
    assert empty["usage"] is None


def test_a_pause_is_told_beside_the_answer() -> None:
    """OpenAI has no word for a paused turn, so the vendor's own stands under `ultra`."""
    body = answer(
        _completion(finish=Finished("paused", "pause_turn")), id="i", created=0, model="m", extra={"ultra": {"a": 1}}
    )
    assert body["ultra"] == {"a": 1, "raw_finish_reason": "pause_turn"}
