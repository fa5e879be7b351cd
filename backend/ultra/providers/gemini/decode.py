"""Gemini's stream as events: every chunk is a whole response with new parts only, and the body just ends."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ultra.domain.chat import (
    Delta,
    Event,
    Finished,
    FinishReason,
    Opaque,
    Started,
    Usage,
    UsageReported,
)
from ultra.domain.errors import Truncated, UltraError, UpstreamFailed
from ultra.protocols.sse import Frame
from ultra.providers.gemini.names import MADE_UP
from ultra.providers.loose_json import count, dump, mapping, parse_object, sequence, text
from ultra.providers.parts import PartWriter

_FILTERED = (
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR",
    "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER",
)  # fmt: skip
FINISH: Mapping[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "paused",
    **dict.fromkeys(_FILTERED, "filtered"),
}
"""Words for the end; any other means `stop`, with the word kept in `raw_reason`."""

_BROKEN_OFF = frozenset({
    "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE",
    "MISSING_THOUGHT_SIGNATURE",
})  # fmt: skip
"""Words for an end that is none: the model's output was not usable."""


class GeminiDecoder:
    """Reads one answer. `own_names` says how the request calls each tool; `in_band` turns an error into ours."""

    def __init__(
        self,
        *,
        provider: str,
        model: str,
        own_names: Mapping[str, str],
        in_band: Callable[[dict[str, Any]], UltraError],
        new_id: Callable[[str], str],
    ) -> None:
        self._provider = provider
        self._model = model
        self._own_names = own_names
        self._in_band = in_band
        self._new_id = new_id
        self._parts = PartWriter()
        self._ids: set[str] = set()
        self._has_started = False
        self._called = False
        self._reason: str | None = None
        self._is_blocked = False

    @property
    def is_complete(self) -> bool:
        """Has a finish reason come, or a blocked prompt? Usage may still follow."""
        return self._reason is not None

    def decode(self, frame: Frame) -> Iterator[Event]:
        """Return the events of one chunk."""
        chunk = parse_object(frame.data, self._provider)
        if chunk.get("error"):
            raise self._in_band(chunk)
        if not self._has_started:
            self._has_started = True
            model = text(chunk.get("modelVersion")) or self._model
            yield Started(text(chunk.get("responseId")), self._provider, model)
        candidates = [mapping(candidate) for candidate in sequence(chunk.get("candidates"))]
        for candidate in candidates:
            if count(candidate.get("index")) == 0:
                yield from self._candidate(candidate)
        blocked = text(mapping(chunk.get("promptFeedback")).get("blockReason"))
        if blocked and not candidates and self._reason is None:
            self._reason, self._is_blocked = blocked, True
        usage = mapping(chunk.get("usageMetadata"))
        if usage:
            yield UsageReported(read_usage(usage))

    def end(self) -> Iterator[Event]:
        """Return `Finished`, or raise `Truncated` when no finish reason came."""
        if self._reason is None:
            raise Truncated(f"{self._provider} ended the stream before it finished its answer.")
        if self._reason in _BROKEN_OFF:
            raise UpstreamFailed(f"{self._provider} broke off its answer: {self._reason}.")
        reason: FinishReason = "filtered" if self._is_blocked else FINISH.get(self._reason, "stop")
        yield Finished("tool_calls" if reason == "stop" and self._called else reason, self._reason)

    def _candidate(self, candidate: dict[str, Any]) -> Iterator[Event]:
        for part in sequence(mapping(candidate.get("content")).get("parts")):
            yield from self._part(mapping(part))
        reason = text(candidate.get("finishReason"))
        if reason and reason != "FINISH_REASON_UNSPECIFIED":
            self._reason = reason
            yield from self._parts.close()

    def _part(self, part: dict[str, Any]) -> Iterator[Event]:
        signature = text(part.get("thoughtSignature"))
        if "functionCall" in part:
            yield from self._call(mapping(part["functionCall"]), signature)
        elif isinstance(part.get("text"), str):
            yield from self._parts.text("reasoning" if part.get("thought") is True else "text", part["text"])
            if signature:
                yield from self._parts.sign(self._opaque(signature))
        elif part:
            yield from self._parts.whole(self._opaque(part))

    def _call(self, call: dict[str, Any], signature: str) -> Iterator[Event]:
        name = text(call.get("name"))
        index, events = self._parts.open_call(self._id(text(call.get("id"))), self._own_names.get(name, name))
        self._called = True
        yield from events
        yield Delta(index, dump(mapping(call.get("args"))).decode())
        yield from self._parts.end_call(index, self._opaque(signature) if signature else None)

    def _opaque(self, raw: Any) -> Opaque:
        return Opaque(self._provider, self._model, raw)

    def _id(self, tool_id: str) -> str:
        """Return the vendor's id, or one made up where it gave none or the same one twice."""
        if not tool_id or tool_id in self._ids:
            return self._new_id(MADE_UP)
        self._ids.add(tool_id)
        return tool_id


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """Return what a usage object says, in our words: this wire counts thoughts beside the answer."""
    thoughts = count(usage.get("thoughtsTokenCount"))
    return Usage(
        input_total=count(usage.get("promptTokenCount")) + count(usage.get("toolUsePromptTokenCount")),
        input_cached=count(usage.get("cachedContentTokenCount")),
        output_total=count(usage.get("candidatesTokenCount")) + thoughts,
        output_reasoning=thoughts,
    )
