"""A conversation as OpenAI's `messages`."""

from collections.abc import Iterable
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
from ultra.providers.losses import Losses
from ultra.providers.media import data_url, encoded_audio

_HIDDEN = "Reasoning of earlier turns cannot be sent on this wire."
_PICTURES = "A tool's result can only be text on this wire; its images and files follow as a user message."


def encode_messages(request: ChatRequest, role: str, losses: Losses) -> list[dict[str, Any]]:
    """Return all messages; `role` is what instructions are said as (`developer` or `system`)."""
    messages: list[dict[str, Any]] = []
    if request.instructions:
        messages.append({"role": role, "content": _instructions(request.instructions)})
    for message in request.messages:
        match message.role:
            case "system":
                messages.append({"role": role, "content": _instructions(message.parts)})
            case "assistant":
                messages.append(_assistant(message, losses))
            case "user" | "tool":
                messages.extend(_spoken(message, losses))
    return _results_together(messages)


def _instructions(parts: Iterable[Part]) -> str | list[dict[str, Any]]:
    content = []
    for part in parts:
        if not isinstance(part, Text):
            raise InvalidRequest("Instructions can only be text.", param="messages")
        content.append({"type": "text", "text": part.text})
    return content[0]["text"] if len(content) == 1 else content


def _assistant(message: Message, losses: Losses) -> dict[str, Any]:
    encoded: dict[str, Any] = {"role": "assistant", "content": None}
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case Text():
                texts.append(part.text)
            case ToolCall():
                function = {"name": part.name, "arguments": part.args_json if part.args_json.strip() else "{}"}
                calls.append({"id": part.id, "type": "function", "function": function})
            case Refusal():
                encoded["refusal"] = encoded.get("refusal", "") + part.text
            case Reasoning() | Opaque():
                losses.dropped("messages.reasoning", _HIDDEN)
            case _:
                raise InvalidRequest("An assistant's message cannot hold images, files or sound.", param="messages")
    if texts or not (calls or "refusal" in encoded):
        encoded["content"] = "".join(texts)
    if calls:
        encoded["tool_calls"] = calls
    return encoded


def _spoken(message: Message, losses: Losses) -> list[dict[str, Any]]:
    results = [_result(part, losses) for part in message.parts if isinstance(part, ToolResult)]
    messages = [result for result, _ in results]
    moved = [picture for _, pictures in results for picture in pictures]
    content = [_content(part, losses) for part in message.parts if not isinstance(part, ToolResult)]
    shown = moved + [part for part in content if part is not None]
    if shown or not results:
        only_text = len(shown) == 1 and shown[0]["type"] == "text"
        messages.append({"role": "user", "content": shown[0]["text"] if only_text else shown})
    return messages


def _result(result: ToolResult, losses: Losses) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    text = "".join(part.text for part in result.parts if isinstance(part, Text))
    pictures = [part for part in result.parts if not isinstance(part, Text)]
    moved: list[dict[str, Any]] = []
    if result.is_error:
        losses.changed("messages.tool_result.is_error", 'An error is marked by "ERROR: " before its text.')
        text = f"ERROR: {text}"
    if pictures:
        losses.changed("messages.tool_result.content", _PICTURES)
        moved.append({"type": "text", "text": f"Attachments of the tool result {result.call_id}:"})
        moved += [content for part in pictures if (content := _content(part, losses)) is not None]
    return {"role": "tool", "tool_call_id": result.call_id, "content": text}, moved


def _content(part: Part, losses: Losses) -> dict[str, Any] | None:
    match part:
        case Text() | Refusal():
            return {"type": "text", "text": part.text}
        case Image():
            shown = {"url": part.url if part.url is not None else data_url(part)}
            return {"type": "image_url", "image_url": shown | ({"detail": part.detail} if part.detail else {})}
        case File():
            named: dict[str, Any] = {"file_id": part.file_id}
            if part.file_id is None:
                named = {"filename": part.filename or "file", "file_data": data_url(part)}
            return {"type": "file", "file": named}
        case Audio():
            return {"type": "input_audio", "input_audio": {"data": encoded_audio(part), "format": part.format}}
        case Reasoning() | Opaque():
            losses.dropped("messages.reasoning", _HIDDEN)
            return None
        case _:
            raise InvalidRequest("Only an assistant can call a tool.", param="messages")


def _results_together(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the results of one turn together: what moved out of them must not stand between two of them."""
    ordered: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    for position, message in enumerate(messages):
        following = messages[position + 1]["role"] if position + 1 < len(messages) else None
        after_result = bool(ordered) and ordered[-1]["role"] == "tool"
        if message["role"] == "user" and after_result and following == "tool":
            waiting.append(message)
            continue
        if message["role"] != "tool":
            ordered.extend(waiting)
            waiting = []
        ordered.append(message)
    return ordered + waiting
