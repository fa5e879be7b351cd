"""A whole answer as Gemini's `GenerateContentResponse`."""

from collections.abc import Mapping
from typing import Any

from ultra.domain.chat import Opaque, Part, Reasoning, Refusal, Text, ToolCall
from ultra.domain.completion import Completion
from ultra.protocols.gemini_generate.words import (
    call_part,
    candidate,
    finish_reason,
    is_blocked_prompt,
    own_part,
    prompt_feedback,
    text_part,
    thought_part,
    usage,
)

_EMPTY = (text_part(""), thought_part("", None))


def answer(
    completion: Completion,
    *,
    id: str,  # noqa: A002 - one signature for every wire
    model: str,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the body; `extra` stands at top level. A refused prompt has feedback and no candidate."""
    found = [_part(part) for part in completion.parts]
    parts = [part for part in found if part is not None]
    finish = completion.finish
    if is_blocked_prompt(finish, has_parts=any(part not in _EMPTY for part in parts)):
        said: dict[str, Any] = {"promptFeedback": prompt_feedback(finish)}
    else:
        said = candidate(parts, finish_reason(finish))
    return {**said, **usage(completion.usage), "modelVersion": model, "responseId": id, **(extra or {})}


def counted(input_tokens: int) -> dict[str, Any]:
    """Return the body of a token count."""
    return {"totalTokens": input_tokens}


def _part(part: Part) -> dict[str, Any] | None:
    match part:
        case Text(text) | Refusal(text):
            return text_part(text)
        case Reasoning():
            return thought_part(part.text, part.opaque)
        case ToolCall():
            return call_part(part.id, part.name, part.args_json, part.opaque)
        case Opaque():
            return own_part(part)
        case _:
            return None
