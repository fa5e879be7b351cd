"""A whole answer as Anthropic's `message`."""

from collections.abc import Mapping
from typing import Any

from ultra.domain.chat import Opaque, Part, Reasoning, Refusal, Text, ToolCall
from ultra.domain.completion import Completion
from ultra.protocols.anthropic_messages.words import arguments, own_block, signature, stop_reason, usage


def answer(
    completion: Completion,
    *,
    id: str,  # noqa: A002 - the wire's own word
    model: str,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the body; `extra` stands at top level. A refusal in words is text: the stop reason says what it is."""
    blocks = (_block(part) for part in completion.parts)
    return {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [block for block in blocks if block is not None],
        "stop_reason": stop_reason(completion.finish),
        "stop_sequence": completion.finish.stop_sequence,
        "usage": usage(completion.usage),
        **(extra or {}),
    }


def counted(input_tokens: int) -> dict[str, Any]:
    """Return the body of a token count."""
    return {"input_tokens": input_tokens}


def _block(part: Part) -> dict[str, Any] | None:
    match part:
        case Text(text) | Refusal(text):
            return {"type": "text", "text": text}
        case Reasoning():
            return {"type": "thinking", "thinking": part.text, "signature": signature(part.opaque)}
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments(part)}
        case Opaque():
            return own_block(part)
        case _:
            return None
