"""A conversation as Gemini's `systemInstruction` and `contents`."""

from collections.abc import Mapping
from typing import Any

from ultra.domain.chat import (
    Audio,
    ChatRequest,
    File,
    Image,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from ultra.domain.errors import InvalidRequest
from ultra.providers.gemini.names import MADE_UP, call_names
from ultra.providers.loose_json import arguments
from ultra.providers.losses import Losses
from ultra.providers.media import base64_of, encoded_audio, inline

_FOREIGN = "Reasoning is only returned, signed, to the provider and the model that made it."
_WRAPPED = 'Arguments that are not a JSON object are sent as the field "INVALID_JSON".'
_BESIDE = "Images and files of a tool's result stand beside it, not in it."


class Writer:
    """Writes one request's conversation; `names` are the tools' names on the wire."""

    def __init__(self, request: ChatRequest, *, provider: str, names: Mapping[str, str], losses: Losses) -> None:
        self._request = request
        self._provider = provider
        self._names = names
        self._losses = losses
        self._called = call_names(request)
        self._order = {call_id: position for position, call_id in enumerate(self._called)}

    def instructions(self) -> list[dict[str, Any]]:
        """Return the opening instructions and after them the later ones, which have no other place on this wire."""
        later = [part for message in self._request.messages if message.role == "system" for part in message.parts]
        if later:
            self._losses.changed("messages.system", "Later system messages are said at the beginning.")
        parts = [*self._request.instructions, *later]
        if not all(isinstance(part, Text) for part in parts):
            raise InvalidRequest("Instructions can only be text.", param="messages")
        return [{"text": part.text} for part in parts if isinstance(part, Text)]

    def contents(self) -> list[dict[str, Any]]:
        """Return the turns, neighbours of one role merged, as this wire wants them to alternate."""
        merged: list[dict[str, Any]] = []
        for message in self._request.messages:
            if message.role == "system":
                continue
            role = "model" if message.role == "assistant" else "user"
            parts = [piece for part in message.parts for piece in self._part(part, message)]
            if merged and merged[-1]["role"] == role:
                merged[-1]["parts"] += parts
            elif parts:
                merged.append({"role": role, "parts": parts})
        for turn in merged:
            turn["parts"] = self._in_order(turn["parts"])
        return merged

    def _part(self, part: Part, message: Message) -> list[dict[str, Any]]:
        match part:
            case Text() | Refusal():
                return [{"text": part.text}] if part.text else []
            case Reasoning() | Opaque():
                return self._returned(part)
            case ToolCall() if message.role == "assistant":
                return [self._call(part)]
            case ToolResult() if message.role != "assistant":
                return self._result(part, message)
            case Image() | File() | Audio():
                return [self._shown(part)]
            case _:
                raise InvalidRequest("Only an assistant calls tools, and only others answer.", param="messages")

    def _returned(self, part: Reasoning | Opaque) -> list[dict[str, Any]]:
        opaque = part if isinstance(part, Opaque) else part.opaque
        if not self._is_own(opaque):
            self._losses.dropped("messages.reasoning", _FOREIGN)
            return []
        assert opaque is not None  # noqa: S101 - `_is_own` has looked
        if isinstance(part, Reasoning):
            return [{"text": part.text, "thought": True, "thoughtSignature": opaque.raw}]
        if isinstance(opaque.raw, str):
            return [{"text": "", "thoughtSignature": opaque.raw}]
        return [dict(opaque.raw)] if isinstance(opaque.raw, Mapping) else []

    def _is_own(self, opaque: Opaque | None) -> bool:
        return opaque is not None and (opaque.provider, opaque.model) == (self._provider, self._request.model)

    def _call(self, call: ToolCall) -> dict[str, Any]:
        given, was_object = arguments(call.args_json)
        if not was_object:
            self._losses.changed("messages.tool_call.arguments", _WRAPPED)
        part: dict[str, Any] = {
            "functionCall": {**_id(call.id), "name": self._names.get(call.name, call.name), "args": given}
        }
        if call.opaque is not None and self._is_own(call.opaque):
            part["thoughtSignature"] = call.opaque.raw
        elif call.opaque is not None:
            self._losses.dropped("messages.reasoning", _FOREIGN)
        return part

    def _result(self, result: ToolResult, message: Message) -> list[dict[str, Any]]:
        name = result.name or self._called.get(result.call_id)
        if name is None:
            raise InvalidRequest(
                "A tool's result must name its tool, or answer a call of this conversation.", param="messages"
            )
        said = "".join(part.text for part in result.parts if isinstance(part, Text))
        response = {"error" if result.is_error else "output": said}
        function = {**_id(result.call_id), "name": self._names.get(name, name), "response": response}
        shown = [piece for part in result.parts if not isinstance(part, Text) for piece in self._part(part, message)]
        if shown:
            self._losses.changed("messages.tool_result.content", _BESIDE)
        return [{"functionResponse": function, _ORDER: self._order.get(result.call_id, 0)}, *shown]

    def _in_order(self, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Set results in the order of their calls: where ids are absent, name and order are all the model has."""
        results = sorted((part for part in parts if _ORDER in part), key=lambda part: part[_ORDER])
        ordered = results + [part for part in parts if _ORDER not in part]
        return [{name: value for name, value in part.items() if name != _ORDER} for part in ordered]

    def _shown(self, part: Image | File | Audio) -> dict[str, Any]:
        if isinstance(part, Audio):
            return {"inlineData": {"mimeType": f"audio/{part.format}", "data": encoded_audio(part)}}
        if isinstance(part, File) and part.file_id is not None:
            kind = {"mimeType": part.media_type} if part.media_type else {}
            return {"fileData": {**kind, "fileUri": part.file_id}}
        if isinstance(part, Image):
            if part.detail is not None:
                self._losses.dropped("messages.image.detail", f"{self._provider} has no such parameter.")
            part = inline(part)
            if part.url is not None:
                raise InvalidRequest(
                    f"{self._provider} does not fetch images from a URL.",
                    hint="Send data: with the image's bytes.",
                    param="messages",
                )
        media_type, data = base64_of(part)
        return {"inlineData": {"mimeType": media_type, "data": data}}


_ORDER = "ultra.order"


def _id(call_id: str) -> dict[str, str]:
    return {} if call_id.startswith(f"{MADE_UP}_") else {"id": call_id}
