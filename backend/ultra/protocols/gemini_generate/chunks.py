"""A stream of whole `GenerateContentResponse`s, each with new parts only, as Google's clients read it.

Nothing but `data: {json}` and blank lines may be sent: comments, event names and a terminator break these clients.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from ultra.domain.chat import Delta, Event, Finished, PartEnded, PartStarted, Started, UsageReported
from ultra.domain.chat import Usage as Tokens
from ultra.domain.errors import Truncated, UltraError
from ultra.protocols import sse
from ultra.protocols.gemini_generate.errors import detail
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
from ultra.protocols.part_order import PartEvent, PartOrder


class ChunkWriter:
    """Writes one stream. Call `write` for each event, then `end` or `error`, once."""

    def __init__(self, *, id: str, model: str) -> None:  # noqa: A002 - one signature for every wire
        self._tail = {"modelVersion": model, "responseId": id}
        self._order = PartOrder()
        self._part: PartStarted | None = None
        self._arguments: list[str] = []
        self._has_parts = False
        self._usage: Tokens | None = None
        self._finished: Finished | None = None

    def write(self, event: Event) -> list[bytes]:
        """Return the frames of an event. A call of a tool is written when it is whole."""
        match event:
            case PartStarted() | Delta() | PartEnded():
                return self._parts(self._order.take(event))
            case UsageReported():
                self._usage = event.usage
            case Finished():
                self._finished = event
            case Started():
                pass
        return []

    def end(self, extra: Mapping[str, Any] | None = None) -> list[bytes]:
        """Return the last response, which alone has a `finishReason`, with `extra` at its top level.

        Raises `Truncated` when no `Finished` was written.
        """
        if self._finished is None:
            raise Truncated("The answer ended before its end was announced.")
        frames = self._parts(self._order.close())
        if is_blocked_prompt(self._finished, has_parts=self._has_parts):
            said: dict[str, Any] = {"promptFeedback": prompt_feedback(self._finished)}
        else:
            said = candidate([text_part("")], finish_reason(self._finished))
        return [*frames, self._frame(said, extra)]

    def keepalive(self) -> bytes | None:
        """Return None: this wire has none that its clients survive."""
        return None

    def error(self, err: UltraError) -> list[bytes]:
        """Return the error inside the stream, `error` as its first key; nothing may follow it."""
        return [_encode({"error": detail(err)})]

    def _parts(self, events: list[PartEvent]) -> list[bytes]:
        frames: list[bytes] = []
        for event in events:
            match event:
                case PartStarted():
                    self._part = event
                    self._arguments.clear()
                case Delta():
                    frames += self._delta(event.text)
                case PartEnded():
                    frames += self._end_part(event)
        return frames

    def _delta(self, text: str) -> list[bytes]:
        kind = self._part.kind if self._part else "text"
        if not text:
            return []
        if kind == "tool_call":
            self._arguments.append(text)
            return []
        return self._say(thought_part(text, None) if kind == "reasoning" else text_part(text))

    def _end_part(self, event: PartEnded) -> list[bytes]:
        part, self._part = self._part, None
        match part.kind if part else "text":
            case "tool_call" if part is not None:
                args_json = "".join(self._arguments)
                return self._say(call_part(part.tool_id or "", part.tool_name or "", args_json, event.opaque))
            case "reasoning" if event.opaque is not None:
                signed = thought_part("", event.opaque)
                return self._say(signed) if "thoughtSignature" in signed else []
            case "opaque" | "text" if (raw := own_part(event.opaque)) is not None:
                return self._say(raw)
            case _:
                return []

    def _say(self, part: Mapping[str, Any]) -> list[bytes]:
        self._has_parts = True
        return [self._frame(candidate([part]))]

    def _frame(self, said: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> bytes:
        return _encode({**said, **usage(self._usage), **self._tail, **(extra or {})})


def _encode(body: Mapping[str, Any]) -> bytes:
    return sse.encode(orjson.dumps(body), newline=b"\r\n")
