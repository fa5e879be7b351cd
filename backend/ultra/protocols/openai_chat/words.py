"""The words and number shapes that whole answers and chunks share."""

from collections.abc import Mapping, Sequence
from typing import Any

from ultra.domain.chat import Finished, FinishReason, Usage

FINISH: Mapping[FinishReason, str] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "filtered": "content_filter",
    "refusal": "content_filter",
    "paused": "stop",
}


def finish_reason(finish: Finished, *, refused_in_words: bool) -> str:
    """Return OpenAI's word. A refusal that came as the model's own words ended normally on this wire."""
    return "stop" if finish.reason == "refusal" and refused_in_words else FINISH[finish.reason]


def usage(counted: Usage | None) -> dict[str, Any] | None:
    """Return token counts; totals include their parts. None when nobody knows."""
    if counted is None:
        return None
    return {
        "prompt_tokens": counted.input_total,
        "completion_tokens": counted.output_total,
        "total_tokens": counted.input_total + counted.output_total,
        "prompt_tokens_details": {
            "cached_tokens": counted.input_cached,
            "cache_write_tokens": counted.cache_write_5m + counted.cache_write_1h,
        },
        "completion_tokens_details": {"reasoning_tokens": counted.output_reasoning},
    }


def top_level(finish: Finished, extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what stands beside the vendor's fields: `extra`, and the reason this wire has no word for."""
    found = dict(extra or {})
    if finish.reason == "paused":
        found["ultra"] = {**found.get("ultra", {}), "raw_finish_reason": finish.raw_reason or "paused"}
    return found


def joined(texts: Sequence[str]) -> str | None:
    """Return the pieces as one text, None when there is none."""
    return "".join(texts) if texts else None
