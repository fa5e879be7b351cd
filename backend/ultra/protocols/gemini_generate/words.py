"""The words, numbers and parts that whole answers and streams share."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from ultra.domain.chat import Finished, FinishReason, Opaque, Usage

VENDOR = "gemini"

FINISH_REASONS: Mapping[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "filtered",
    "RECITATION": "filtered",
    "BLOCKLIST": "filtered",
    "PROHIBITED_CONTENT": "filtered",
    "SPII": "filtered",
    "IMAGE_SAFETY": "filtered",
    "CONTINUATION": "paused",
}
"""Google's words and what they mean; the vendor's own word is kept where it fits the meaning."""

_WORDS: Mapping[FinishReason, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "filtered": "SAFETY",
    "refusal": "SAFETY",
    "paused": "OTHER",
}
_BLOCK_REASONS = frozenset({"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY"})


def finish_reason(finish: Finished) -> str:
    """Return Google's word for why it ended; a call of a tool has none of its own."""
    raw = finish.raw_reason or ""
    return raw if FINISH_REASONS.get(raw) == finish.reason else _WORDS[finish.reason]


def is_blocked_prompt(finish: Finished, *, has_parts: bool) -> bool:
    """Was the prompt itself refused, so that there is no candidate at all?"""
    return finish.reason in ("filtered", "refusal") and not has_parts


def prompt_feedback(finish: Finished) -> dict[str, Any]:
    """Return what stands in place of candidates when the prompt was refused."""
    raw = finish.raw_reason or ""
    return {"blockReason": raw if raw in _BLOCK_REASONS else "SAFETY"}


def usage(counted: Usage | None) -> dict[str, Any]:
    """Return the field `usageMetadata`, absent when nobody knows; candidates exclude thoughts, their sum does not."""
    if counted is None:
        return {}
    found = {
        "promptTokenCount": counted.input_total,
        "candidatesTokenCount": max(counted.output_total - counted.output_reasoning, 0),
        "totalTokenCount": counted.input_total + counted.output_total,
    }
    if counted.input_cached:
        found["cachedContentTokenCount"] = counted.input_cached
    if counted.output_reasoning:
        found["thoughtsTokenCount"] = counted.output_reasoning
    return {"usageMetadata": found}


def candidate(parts: Sequence[Mapping[str, Any]], finish: str | None = None) -> dict[str, Any]:
    """Return the field `candidates` with one candidate."""
    found: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}}
    if finish is not None:
        found["finishReason"] = finish
    return {"candidates": [found | {"index": 0}]}


def text_part(text: str) -> dict[str, Any]:
    """Return visible text."""
    return {"text": text}


def thought_part(text: str, opaque: Opaque | None) -> dict[str, Any]:
    """Return thinking, with its signature where the model signs."""
    return {"text": text, "thought": True, **signature(opaque)}


def call_part(call_id: str, name: str, args_json: str, opaque: Opaque | None) -> dict[str, Any]:
    """Return a whole call of a tool; arguments that are no object stand under `INVALID_JSON`."""
    try:
        args = orjson.loads(args_json) if args_json.strip() else {}
    except orjson.JSONDecodeError:
        args = None
    if not isinstance(args, dict):
        args = {"INVALID_JSON": args_json}
    return {"functionCall": {"id": call_id, "name": name, "args": args}, **signature(opaque)}


def own_part(opaque: Opaque | None) -> dict[str, Any] | None:
    """Return what came through unread: a signature as a part without text, or a part of Google's own.

    Parts of other vendors have no place here.
    """
    if opaque is None:
        return None
    if isinstance(opaque.raw, str):
        return {"text": "", **signature(opaque)}
    return dict(opaque.raw) if opaque.provider == VENDOR and isinstance(opaque.raw, Mapping) else None


def signature(opaque: Opaque | None) -> dict[str, Any]:
    """Return the field `thoughtSignature`, absent where the model signs nothing."""
    return {"thoughtSignature": opaque.raw} if opaque is not None and isinstance(opaque.raw, str) else {}
