"""A conversation as Anthropic's `system` and `messages`."""

import re
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
from ultra.providers.loose_json import arguments
from ultra.providers.losses import Losses
from ultra.providers.media import base64_of, inline

_FOREIGN = "Reasoning is only returned, signed, to the provider and the model that made it."
_WRAPPED = 'Arguments that are not a JSON object are sent as the field "INVALID_JSON".'
_NOT_ID = re.compile(r"[^A-Za-z0-9_-]")


class Writer:
    """Writes one request's conversation. `keeps_system` says whether system messages may stand between others."""

    def __init__(self, request: ChatRequest, *, provider: str, keeps_system: bool, losses: Losses) -> None:
        self._request = request
        self._provider = provider
        self._keeps_system = keeps_system
        self._losses = losses

    def system(self) -> list[dict[str, Any]]:
        """Return the opening instructions, and later ones where the wire cannot hold them in place."""
        parts = list(self._request.instructions)
        if not self._keeps_system:
            later = [part for message in self._request.messages if message.role == "system" for part in message.parts]
            if later:
                self._losses.changed("messages.system", "Later system messages are said at the beginning.")
            parts += later
        return [_instruction(part) for part in parts if part != Text("")]

    def messages(self) -> list[dict[str, Any]]:
        """Return the turns, neighbours of one role merged, as this wire wants them to alternate."""
        merged: list[dict[str, Any]] = []
        for message in self._request.messages:
            if message.role == "system" and not self._keeps_system:
                continue
            role = "user" if message.role == "tool" else message.role
            blocks = self._blocks(message)
            if merged and merged[-1]["role"] == role:
                merged[-1]["content"] += blocks
            elif blocks:
                merged.append({"role": role, "content": blocks})
        return merged

    def _blocks(self, message: Message) -> list[dict[str, Any]]:
        if message.role == "system":
            return [_instruction(part) for part in message.parts if part != Text("")]
        blocks = (self._block(part, message.role) for part in message.parts)
        return [block for block in blocks if block is not None]

    def _block(self, part: Part, role: str) -> dict[str, Any] | None:
        match part:
            case Text() | Refusal():
                return {"type": "text", "text": part.text} if part.text else None
            case Reasoning() | Opaque():
                return self._returned(part)
            case ToolCall() if role == "assistant":
                return self._call(part)
            case ToolResult() if role != "assistant":
                return self._result(part)
            case Image() | File() if role != "assistant":
                return self._shown(part)
            case _:
                raise InvalidRequest(
                    f"{self._provider} takes no {type(part).__name__.lower()} in a message of the {role}.",
                    param="messages",
                    hint="Send sound as text." if isinstance(part, Audio) else None,
                )

    def _returned(self, part: Reasoning | Opaque) -> dict[str, Any] | None:
        """Return what the same model made, unchanged; what another made is dropped."""
        opaque = part if isinstance(part, Opaque) else part.opaque
        if opaque is None or (opaque.provider, opaque.model) != (self._provider, self._request.model):
            self._losses.dropped("messages.reasoning", _FOREIGN)
            return None
        if isinstance(part, Reasoning):
            return {"type": "thinking", "thinking": part.text, "signature": opaque.raw}
        return dict(opaque.raw) if isinstance(opaque.raw, Mapping) else None

    def _call(self, call: ToolCall) -> dict[str, Any]:
        given, was_object = arguments(call.args_json)
        if not was_object:
            self._losses.changed("messages.tool_call.arguments", _WRAPPED)
        return {"type": "tool_use", "id": self._id(call.id), "name": call.name, "input": given}

    def _result(self, result: ToolResult) -> dict[str, Any]:
        content = [block for part in result.parts if (block := self._block(part, "tool")) is not None]
        block = {"type": "tool_result", "tool_use_id": self._id(result.call_id), "content": content}
        return block | ({"is_error": True} if result.is_error else {})

    def _shown(self, part: Image | File) -> dict[str, Any]:
        if isinstance(part, File):
            return _document(part)
        if part.detail is not None:
            self._losses.dropped("messages.image.detail", f"{self._provider} has no such parameter.")
        picture = inline(part)
        if picture.url is not None:
            return {"type": "image", "source": {"type": "url", "url": picture.url}}
        media_type, data = base64_of(picture)
        return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}

    def _id(self, tool_id: str) -> str:
        """Return an id in the letters this wire allows; other vendors allow more."""
        wanted = _NOT_ID.sub("_", tool_id)
        if wanted != tool_id:
            self._losses.changed("messages.tool_call.id", "Ids are sent in the letters that this wire allows.")
        return wanted


def _instruction(part: Part) -> dict[str, Any]:
    if not isinstance(part, Text):
        raise InvalidRequest("Instructions can only be text.", param="messages")
    return {"type": "text", "text": part.text}


def _document(file: File) -> dict[str, Any]:
    title = {"title": file.filename} if file.filename else {}
    if file.file_id is not None:
        return {"type": "document", "source": {"type": "file", "file_id": file.file_id}, **title}
    if file.media_type == "text/plain" and file.data is not None:
        text = file.data.decode("utf-8", "replace")
        return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": text}, **title}
    media_type, data = base64_of(file)
    return {"type": "document", "source": {"type": "base64", "media_type": media_type, "data": data}, **title}
