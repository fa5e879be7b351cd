"""The parts of Google's contents."""

from collections import deque

import orjson

from ultra.domain.chat import Audio, File, Image, Opaque, Part, Reasoning, Text, ToolCall, ToolResult
from ultra.protocols.fields import Fields
from ultra.protocols.gemini_generate.words import VENDOR
from ultra.protocols.media import from_base64
from ultra.protocols.origins import opaque

_SOUNDS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mp3": "mp3", "audio/mpeg": "mp3"}


class Parts:
    """Reads the parts of one request; remembers calls, because results may name only the function they answer."""

    def __init__(self, *, model: str) -> None:
        self._model = model
        self._calls = 0
        self._names: dict[str, str] = {}
        self._unanswered: dict[str, deque[str]] = {}

    def read(self, fields: Fields, role: str) -> tuple[Part, ...]:
        """Return what one part holds: mostly one of ours; a signed text is followed by its signature."""
        signed = self._signature(fields)
        if (call := fields.object("functionCall")) is not None:
            return (self._call(call, fields, role, signed),)
        if (response := fields.object("functionResponse")) is not None:
            return (self._result(response, fields, role),)
        if (inline := fields.object("inlineData")) is not None:
            return (_inline(inline),)
        if (stored := fields.object("fileData")) is not None:
            return (_stored(stored),)
        text = fields.text("text")
        if text is not None:
            return self._text(text, signed, is_thought=fields.flag("thought") or False)
        if signed is not None:
            return (signed,)
        raise self._unknown(fields)

    @staticmethod
    def _text(text: str, signed: Opaque | None, *, is_thought: bool) -> tuple[Part, ...]:
        if is_thought:
            return (Reasoning(text, opaque=signed),)
        if signed is None:
            return (Text(text),)
        return (Text(text), signed) if text else (signed,)

    def _signature(self, fields: Fields) -> Opaque | None:
        raw = fields.text("thoughtSignature")
        if not raw:
            return None
        from_base64(raw.replace("-", "+").replace("_", "/"), param=fields.path("thoughtSignature"))
        return opaque(raw, model=self._model, vendor=VENDOR)

    def _call(self, call: Fields, part: Fields, role: str, signed: Opaque | None) -> ToolCall:
        if role != "model":
            raise part.wrong("functionCall", "may only stand in a content of role model", hint="Set its role.")
        name = call.need_text("name")
        call_id = call.text("id") or f"call_{self._calls}"
        self._calls += 1
        self._names[call_id] = name
        self._unanswered.setdefault(name, deque()).append(call_id)
        args = call.object("args")
        return ToolCall(call_id, name, orjson.dumps(args.raw if args else {}).decode(), signed)

    def _result(self, response: Fields, part: Fields, role: str) -> ToolResult:
        if role == "model":
            raise part.wrong("functionResponse", "may not stand in a content of role model", hint="Use role user.")
        name = response.need_text("name")
        waiting = self._unanswered.get(name, deque())
        call_id = response.text("id")
        if call_id is None and waiting:
            call_id = waiting[0]
        if call_id is None or self._names.get(call_id) != name:
            raise response.wrong("name", f"{name[:80]!r} answers no functionCall before it", hint="Send the call too.")
        if call_id in waiting:
            waiting.remove(call_id)
        value = response.need_object("response").raw
        is_error = set(value) == {"error"}
        told = value["error"] if is_error else value["output"] if set(value) == {"output"} else value
        text = told if isinstance(told, str) else orjson.dumps(told).decode()
        return ToolResult(call_id, (Text(text),), name=name, is_error=is_error)

    def _unknown(self, fields: Fields) -> Exception:
        name = next(iter(fields.left()), "")
        return fields.wrong(
            name,
            "is not offered here" if name else "is empty",
            hint="Use text, inlineData, fileData, functionCall or functionResponse.",
            code="unsupported_value",
        )


def _inline(fields: Fields) -> Part:
    media_type = fields.need_text("mimeType").lower()
    data = from_base64(fields.need_text("data").replace("-", "+").replace("_", "/"), param=fields.path("data"))
    if media_type.startswith("image/"):
        return Image(data=data, media_type=media_type)
    if media_type in _SOUNDS:
        return Audio(data, _SOUNDS[media_type])
    return File(data=data, media_type=media_type, filename=fields.text("displayName"))


def _stored(fields: Fields) -> Part:
    uri, media_type = fields.need_text("fileUri"), fields.text("mimeType")
    if (media_type or "").startswith("image/") and uri[:8].lower() == "https://":
        return Image(url=uri, media_type=media_type)
    return File(file_id=uri, media_type=media_type)
