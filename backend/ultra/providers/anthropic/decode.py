"""Anthropic's stream as events."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ultra.domain.chat import (
    Delta,
    Event,
    Finished,
    FinishReason,
    Opaque,
    PartEnded,
    PartKind,
    PartStarted,
    Started,
    Usage,
    UsageReported,
)
from ultra.domain.errors import ProtocolViolated, Truncated, UltraError
from ultra.protocols.sse import Frame
from ultra.providers.loose_json import count, dump, mapping, parse_object, read_anything, text

FINISH: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "pause_turn": "paused",
    "refusal": "refusal",
}
"""Words for the end; any other means `stop`, with the word kept in `raw_reason`."""

_KINDS: Mapping[str, PartKind] = {"text": "text", "thinking": "reasoning", "tool_use": "tool_call"}
_PIECES: Mapping[str, str] = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}


@dataclass(slots=True)
class _Block:
    """A content block under way; `raw` is kept for blocks that pass unread, `signature` for thinking."""

    index: int
    kind: PartKind
    raw: dict[str, Any]
    signature: str | None = None
    unread_input: list[str] = field(default_factory=list)


class AnthropicDecoder:
    """Reads one answer. `in_band` turns an error event into the error to raise."""

    def __init__(self, *, provider: str, model: str, in_band: Callable[[dict[str, Any]], UltraError]) -> None:
        self._provider = provider
        self._model = model
        self._in_band = in_band
        self._blocks: dict[int, _Block] = {}
        self._parts = 0
        self._has_started = False
        self._usage: dict[str, Any] = {}
        self._reason: str | None = None
        self._stop_sequence: str | None = None
        self._has_stopped = False

    @property
    def is_complete(self) -> bool:
        """Has `message_stop` come? A stop reason alone is not the end."""
        return self._has_stopped

    def decode(self, frame: Frame) -> Iterator[Event]:
        """Return the events of one frame; unknown ones pass without effect."""
        data = parse_object(frame.data, self._provider)
        match text(data.get("type")) or frame.event:
            case "message_start":
                yield from self._start(mapping(data.get("message")))
            case "content_block_start":
                yield from self._block_start(count(data.get("index")), mapping(data.get("content_block")))
            case "content_block_delta":
                yield from self._block_delta(self._block(data), mapping(data.get("delta")))
            case "content_block_stop":
                yield from self._block_stop(self._block(data), count(data.get("index")))
            case "message_delta":
                yield from self._message_delta(mapping(data.get("delta")), mapping(data.get("usage")))
            case "message_stop":
                self._has_stopped = True
                yield from self.end()
            case "error":
                raise self._in_band(data)
            case _:
                pass

    def end(self) -> Iterator[Event]:
        """Return `Finished`, or raise `Truncated` when `message_stop` did not come."""
        if not self._has_stopped or not self._has_started:
            raise Truncated(f"{self._provider} ended the stream before it finished its answer.")
        for position in sorted(self._blocks):
            yield from self._block_stop(self._blocks[position], position)
        yield Finished(FINISH.get(self._reason or "", "stop"), self._reason, self._stop_sequence)

    def _start(self, message: dict[str, Any]) -> Iterator[Event]:
        self._has_started = True
        yield Started(text(message.get("id")), self._provider, text(message.get("model")) or self._model)
        yield from self._report(mapping(message.get("usage")))

    def _block_start(self, position: int, raw: dict[str, Any]) -> Iterator[Event]:
        if not self._has_started or position in self._blocks:
            raise ProtocolViolated(f"{self._provider} began a block out of turn.")
        kind = _KINDS.get(text(raw.get("type")), "opaque")
        block = self._blocks[position] = _Block(self._parts, kind, raw)
        self._parts += 1
        is_call = kind == "tool_call"
        tool = (text(raw.get("id")), text(raw.get("name"))) if is_call else (None, None)
        yield PartStarted(block.index, kind, *tool)
        if kind == "reasoning":
            block.signature = text(raw.get("signature")) or None
        first = dump(mapping(raw.get("input"))).decode() if is_call and raw.get("input") else ""
        first = first or text(raw.get("text")) or text(raw.get("thinking"))
        if first and kind != "opaque":
            yield Delta(block.index, first)

    def _block_delta(self, block: _Block, delta: dict[str, Any]) -> Iterator[Event]:
        kind = text(delta.get("type"))
        piece = text(delta.get(_PIECES.get(kind, "")))
        if kind == "signature_delta":
            block.signature = text(delta.get("signature")) or None
        elif block.kind == "opaque" and kind == "input_json_delta":
            block.unread_input.append(piece)
        elif piece and block.kind != "opaque":
            yield Delta(block.index, piece)

    def _block_stop(self, block: _Block, position: int) -> Iterator[Event]:
        raw: Any = block.signature
        if block.kind == "opaque":
            whole = read_anything("".join(block.unread_input)) if block.unread_input else None
            raw = block.raw if whole is None else block.raw | {"input": whole}
        del self._blocks[position]
        yield PartEnded(block.index, Opaque(self._provider, self._model, raw) if raw else None)

    def _message_delta(self, delta: dict[str, Any], usage: dict[str, Any]) -> Iterator[Event]:
        self._reason = text(delta.get("stop_reason")) or self._reason
        self._stop_sequence = text(delta.get("stop_sequence")) or self._stop_sequence
        yield from self._report(usage)

    def _report(self, usage: dict[str, Any]) -> Iterator[Event]:
        """Take a cumulative snapshot: what it names overwrites, what it leaves out stays."""
        self._usage |= {name: value for name, value in usage.items() if value is not None}
        if usage:
            yield UsageReported(read_usage(self._usage))

    def _block(self, data: dict[str, Any]) -> _Block:
        block = self._blocks.get(count(data.get("index")))
        if block is None:
            raise ProtocolViolated(f"{self._provider} continued a block that it had not begun.")
        return block


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """Return what a usage object says, in our words: this wire counts cached input beside the input."""
    written = mapping(usage.get("cache_creation"))
    created = count(usage.get("cache_creation_input_tokens"))
    hour = count(written.get("ephemeral_1h_input_tokens"))
    minutes = count(written.get("ephemeral_5m_input_tokens")) or max(created - hour, 0)
    cached = count(usage.get("cache_read_input_tokens"))
    return Usage(
        input_total=count(usage.get("input_tokens")) + cached + max(created, minutes + hour),
        input_cached=cached,
        cache_write_5m=minutes,
        cache_write_1h=hour,
        output_total=count(usage.get("output_tokens")),
        output_reasoning=count(mapping(usage.get("output_tokens_details")).get("thinking_tokens")),
    )
