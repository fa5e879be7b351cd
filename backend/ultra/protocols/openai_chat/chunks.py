"""A stream of `chat.completion.chunk` as OpenAI's clients accumulate it.

Clients join every string of a delta, so role, tool id and tool name are sent once; they index tool calls by `index`
over tool calls only; and each chunk's `usage` overwrites the one before, so the only one that has it comes last.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from ultra.domain.chat import (
    Delta,
    Event,
    Finished,
    PartEnded,
    PartKind,
    PartStarted,
    Started,
    UsageReported,
)
from ultra.domain.chat import Usage as Tokens
from ultra.domain.errors import Truncated, UltraError
from ultra.protocols import sse
from ultra.protocols.openai_chat.errors import detail
from ultra.protocols.openai_chat.words import finish_reason, top_level, usage
from ultra.protocols.part_order import PartEvent, PartOrder

_DELTA_FIELDS: Mapping[PartKind, str] = {"text": "content", "reasoning": "reasoning_content", "refusal": "refusal"}
_DONE = sse.encode(b"[DONE]")


class ChunkWriter:
    """Writes one stream. Call `write` for each event, then `end` or `error`, once."""

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - the wire's own word
        created: int,
        model: str,
        include_usage: bool,
    ) -> None:
        self._head = {"id": id, "object": "chat.completion.chunk", "created": created, "model": model}
        self._include_usage = include_usage
        self._plain = _around_text(self._head, include_usage=include_usage)
        self._kinds: dict[int, PartKind] = {}
        self._tool_index: dict[int, int] = {}
        self._order = PartOrder()
        self._opened = False
        self._refused = False
        self._usage: Tokens | None = None
        self._finished: Finished | None = None

    def write(self, event: Event) -> list[bytes]:
        """Return the frames of an event: none when it only says what the end will carry."""
        if type(event) is Delta and self._opened and event.index == self._order.current:
            return self._delta(event)  # nearly every event is one of these
        match event:
            case Started():
                return self._open()
            case PartStarted() | Delta() | PartEnded():
                return self._open() + self._parts(self._order.take(event))
            case UsageReported():
                self._usage = event.usage
            case Finished():
                self._finished = event
        return []

    def end(self, extra: Mapping[str, Any] | None = None) -> list[bytes]:
        """Return the finish chunk, the usage chunk when wanted and known, and `[DONE]`.

        `extra` stands at top level of the last of these chunks. Raises `Truncated` when no `Finished` was written.
        """
        if self._finished is None:
            raise Truncated("The answer ended before its end was announced.")
        beside = top_level(self._finished, extra)
        counted = usage(self._usage) if self._include_usage else None
        frames = self._open() + self._parts(self._order.close())
        reason = finish_reason(self._finished, refused_in_words=self._refused)
        frames += self._chunk({}, finish=reason, beside={} if counted else beside)
        if counted:
            frames.append(_frame({**self._head, "choices": [], "usage": counted, **beside}))
        return [*frames, _DONE]

    def keepalive(self) -> bytes | None:
        """Return a comment, which every client of this wire skips."""
        return b": keep-alive\n\n"

    def error(self, err: UltraError) -> list[bytes]:
        """Return the error inside the stream; nothing may follow it, `[DONE]` neither."""
        return [_frame({"error": detail(err)})]

    def _open(self) -> list[bytes]:
        if self._opened:
            return []
        self._opened = True
        return self._chunk({"role": "assistant", "content": ""})

    def _parts(self, events: list[PartEvent]) -> list[bytes]:
        frames: list[bytes] = []
        for event in events:
            if isinstance(event, PartStarted):
                frames += self._start(event)
            elif isinstance(event, Delta):
                frames += self._delta(event)
        return frames

    def _start(self, part: PartStarted) -> list[bytes]:
        self._kinds[part.index] = part.kind
        self._refused = self._refused or part.kind == "refusal"
        if part.kind != "tool_call":
            return []
        index = self._tool_index[part.index] = len(self._tool_index)
        function = {"name": part.tool_name or "", "arguments": ""}
        return self._chunk(
            {"tool_calls": [{"index": index, "id": part.tool_id or "", "type": "function", "function": function}]}
        )

    def _delta(self, delta: Delta) -> list[bytes]:
        kind = self._kinds[delta.index]
        if not delta.text:
            return []
        if kind == "tool_call":
            fragment = {"index": self._tool_index[delta.index], "function": {"arguments": delta.text}}
            return self._chunk({"tool_calls": [fragment]})
        if kind == "text":
            before, after = self._plain
            return [before + orjson.dumps(delta.text) + after]
        name = _DELTA_FIELDS.get(kind)
        return self._chunk({name: delta.text}) if name else []

    def _chunk(
        self, delta: dict[str, Any], *, finish: str | None = None, beside: Mapping[str, Any] | None = None
    ) -> list[bytes]:
        chunk: dict[str, Any] = {
            **self._head,
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        }
        if self._include_usage:
            chunk["usage"] = None
        return [_frame({**chunk, **(beside or {})})]


def _around_text(head: Mapping[str, Any], *, include_usage: bool) -> tuple[bytes, bytes]:
    """Return what stands before and after the text in the frame of a chunk that only adds text."""
    rest: dict[str, Any] = {"usage": None} if include_usage else {}
    delta = {"index": 0, "delta": {"content": ""}, "logprobs": None, "finish_reason": None}
    before, _, after = _frame({**head, "choices": [delta], **rest}).rpartition(b'""')
    return before, after


def _frame(body: Mapping[str, Any]) -> bytes:
    return sse.encode(orjson.dumps(body))
