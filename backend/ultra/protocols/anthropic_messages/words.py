"""The words, numbers and blocks that whole answers and streams share."""

from collections.abc import Mapping
from typing import Any

import orjson

from ultra.domain.chat import Finished, FinishReason, Opaque, ToolCall, Usage

VENDOR = "anthropic"

STOP_REASONS: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
    "pause_turn": "paused",
}
"""Each of Anthropic's words and what it means; the vendor's own word is kept where it fits the meaning."""

_WORDS: Mapping[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "filtered": "refusal",
    "refusal": "refusal",
    "paused": "pause_turn",
}


def stop_reason(finish: Finished) -> str:
    """Return Anthropic's word for why it ended."""
    if finish.reason == "stop" and finish.stop_sequence is not None:
        return "stop_sequence"
    raw = finish.raw_reason or ""
    if raw != "stop_sequence" and STOP_REASONS.get(raw) == finish.reason:
        return raw
    return _WORDS[finish.reason]


def usage(counted: Usage | None) -> dict[str, Any]:
    """Return token counts: input excludes what was cached or written to a cache. This wire has no word for unknown."""
    counted = counted or Usage()
    written = counted.cache_write_5m + counted.cache_write_1h
    return {
        "input_tokens": max(counted.input_total - counted.input_cached - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": counted.input_cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counted.cache_write_5m,
            "ephemeral_1h_input_tokens": counted.cache_write_1h,
        },
        "output_tokens": counted.output_total,
        "output_tokens_details": {"thinking_tokens": counted.output_reasoning},
    }


def signature(opaque: Opaque | None) -> str:
    """Return the signature of a thinking block, empty where the model that thought signs nothing."""
    return opaque.raw if opaque is not None and isinstance(opaque.raw, str) else ""


def own_block(opaque: Opaque | None) -> dict[str, Any] | None:
    """Return a block of Anthropic's own that came through unread; other vendors' bytes have no place here."""
    if opaque is None or opaque.provider != VENDOR or not isinstance(opaque.raw, Mapping):
        return None
    return dict(opaque.raw) if isinstance(opaque.raw.get("type"), str) else None


def arguments(call: ToolCall) -> dict[str, Any]:
    """Return a call's arguments as the object this wire needs; text that is none stands under `INVALID_JSON`."""
    if not call.args_json.strip():
        return {}
    try:
        value = orjson.loads(call.args_json)
    except orjson.JSONDecodeError:
        value = None
    return value if isinstance(value, dict) else {"INVALID_JSON": call.args_json}
