"""A whole answer as OpenAI's `chat.completion`."""

from collections.abc import Mapping
from typing import Any

from ultra.domain.chat import Reasoning, Refusal, Text, ToolCall
from ultra.domain.completion import Completion
from ultra.protocols.openai_chat.words import finish_reason, joined, top_level, usage


def answer(
    completion: Completion,
    *,
    id: str,  # noqa: A002 - the wire's own word
    created: int,
    model: str,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the body. `created` is Unix seconds; `extra` stands at top level; reasoning is `reasoning_content`."""
    message = _message(completion)
    return {
        "id": id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": finish_reason(completion.finish, refused_in_words=message["refusal"] is not None),
            }
        ],
        "usage": usage(completion.usage),
        **top_level(completion.finish, extra),
    }


def _message(completion: Completion) -> dict[str, Any]:
    parts = completion.parts
    calls = [part for part in parts if isinstance(part, ToolCall)]
    refusal = joined([part.text for part in parts if isinstance(part, Refusal)])
    reasoning = joined([part.text for part in parts if isinstance(part, Reasoning)])
    content = joined([part.text for part in parts if isinstance(part, Text)])
    if content is None and not calls and refusal is None:
        content = ""
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": refusal}
    if reasoning is not None:
        message["reasoning_content"] = reasoning
    if calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.args_json}}
            for call in calls
        ]
    return message
