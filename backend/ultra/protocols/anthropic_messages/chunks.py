"""A stream of named events as Anthropic's clients accumulate it.

`message_start` is first; blocks follow one another with indexes 0, 1, 2 in the order they start; `message_delta` has
cumulative usage; each event's name equals its `type`, because clients drop an event without a name.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from ultra.domain.chat import Delta, Event, Finished, PartEnded, PartKind, PartStarted, Started, UsageReported
from ultra.domain.chat import Usage as Tokens
from ultra.domain.errors import Truncated, UltraError
from ultra.protocols import sse
from ultra.protocols.anthropic_messages.errors import detail
from ultra.protocols.anthropic_messages.words import own_block, signature, stop_reason, usage
from ultra.protocols.part_order import PartEvent, PartOrder

_BLOCKS: Mapping[PartKind, Mapping[str, Any]] = {
    "text": {"type": "text", "text": ""},
    "refusal": {"type": "text", "text": ""},
    "reasoning": {"type": "thinking", "thinking": "", "signature": ""},
    "tool_call": {"type": "tool_use", "id": "", "name": "", "input": {}},
}
_DELTAS: Mapping[PartKind, tuple[str, str]] = {
    "text": ("text_delta", "text"),
    "refusal": ("text_delta", "text"),
    "reasoning": ("thinking_delta", "thinking"),
    "tool_call": ("input_json_delta", "partial_json"),
}


class ChunkWriter:
    """Writes one stream. Call `write` for each event, then `end` or `error`, once.

    Parts that a vendor sends interleaved are written one after the other: what belongs to a later one waits.
    """

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - the wire's own word
        model: str,
        request_id: str | None = None,
    ) -> None:
        self._id = id
        self._model = model
        self._request_id = request_id
        self._opened = False
        self._usage: Tokens | None = None
        self._finished: Finished | None = None
        self._block = -1
        self._kind: PartKind = "text"
        self._order = PartOrder()

    def write(self, event: Event) -> list[bytes]:
        """Return the frames of an event. `message_start` waits for the next event, which may bring the input's size."""
        match event:
            case Started():
                return []
            case UsageReported():
                self._usage = event.usage
                return self._open()
            case Finished():
                self._finished = event
                return self._open()
            case PartStarted() | Delta() | PartEnded():
                return self._open() + self._parts(self._order.take(event))

    def end(self, extra: Mapping[str, Any] | None = None) -> list[bytes]:
        """Return `message_delta` (with `extra` at its top level) and `message_stop`.

        Raises `Truncated` when no `Finished` was written.
        """
        if self._finished is None:
            raise Truncated("The answer ended before its end was announced.")
        frames = self._open() + self._parts(self._order.close())
        ending = {
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason(self._finished), "stop_sequence": self._finished.stop_sequence},
            "usage": usage(self._usage),
            **(extra or {}),
        }
        return [*frames, _frame(ending), _frame({"type": "message_stop"})]

    def keepalive(self) -> bytes | None:
        """Return a ping, preceded by `message_start` if that is still to come: clients need it first."""
        return b"".join([*self._open(), _frame({"type": "ping"})])

    def error(self, err: UltraError) -> list[bytes]:
        """Return the error inside the stream; nothing may follow it."""
        return [_frame(detail(err, request_id=self._request_id))]

    def _open(self) -> list[bytes]:
        if self._opened:
            return []
        self._opened = True
        counts = usage(self._usage)
        message: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": counts | {"output_tokens": max(counts["output_tokens"], 1)},
        }
        return [_frame({"type": "message_start", "message": message})]

    def _parts(self, events: list[PartEvent]) -> list[bytes]:
        frames: list[bytes] = []
        for event in events:
            match event:
                case PartStarted():
                    frames += self._start(event)
                case Delta():
                    frames += self._delta(event.text)
                case PartEnded():
                    frames += self._stop(event)
        return frames

    def _start(self, part: PartStarted) -> list[bytes]:
        self._kind = part.kind
        block = dict(_BLOCKS.get(part.kind, {}))
        if not block:
            return []
        if part.kind == "tool_call":
            block |= {"id": part.tool_id or "", "name": part.tool_name or ""}
        return self._block_start(block)

    def _block_start(self, block: Mapping[str, Any]) -> list[bytes]:
        self._block += 1
        return [_frame({"type": "content_block_start", "index": self._block, "content_block": block})]

    def _delta(self, text: str) -> list[bytes]:
        if self._kind not in _DELTAS or not text:
            return []
        name, field = _DELTAS[self._kind]
        return [self._block_delta({"type": name, field: text})]

    def _block_delta(self, delta: Mapping[str, Any]) -> bytes:
        return _frame({"type": "content_block_delta", "index": self._block, "delta": delta})

    def _stop(self, event: PartEnded) -> list[bytes]:
        frames: list[bytes] = []
        if self._kind == "opaque":
            block = own_block(event.opaque)
            if block is None:
                return []
            frames += self._block_start(block)
        elif self._kind == "reasoning" and (signed := signature(event.opaque)):
            frames.append(self._block_delta({"type": "signature_delta", "signature": signed}))
        return [*frames, _frame({"type": "content_block_stop", "index": self._block})]


def _frame(body: Mapping[str, Any]) -> bytes:
    return sse.encode(orjson.dumps(body), event=str(body["type"]))
