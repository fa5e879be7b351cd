"""How many tokens something may be, where nobody has counted them: bytes over a ratio, generous with media."""

import json

from ultra.domain.chat import Audio, ChatRequest, File, Image, Part, Reasoning, Refusal, Text, ToolCall, ToolResult

_IMAGE_BYTES = 5760
"""As text that costs 1,600 tokens: about what the dearest common tiling charges for one picture."""
_BYTES_PER_TOKEN = 3.6
_USUAL_OUTPUT = 1024
"""Tokens of an answer whose caller set no limit."""
_MESSAGE_BYTES = 16
"""The frame around each message: role and separators."""
_AUDIO_SHARE = 16
"""Compressed speech has some 4 kB a second and costs up to 32 tokens a second; bytes over this are on the safe side."""


def byte_length(text: str) -> int:
    """Return the length in UTF-8 without encoding what is ASCII anyway."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def prompt_bytes(request: ChatRequest) -> int:
    """Return the text bytes that a request amounts to; pictures and sound count as text of their price."""
    total = sum(map(_part_bytes, request.instructions))
    for message in request.messages:
        total += _MESSAGE_BYTES + sum(map(_part_bytes, message.parts))
    for tool in request.tools:
        total += byte_length(tool.name) + byte_length(tool.description or "") + _json_bytes(tool.schema)
    if request.output.schema is not None:
        total += _json_bytes(request.output.schema)
    return total


def expected_tokens(request: ChatRequest) -> int:
    """Return how many tokens a request may come to, prompt and answer, for a limit that is put right afterwards."""
    return int(prompt_bytes(request) / _BYTES_PER_TOKEN) + (request.max_output_tokens or _USUAL_OUTPUT)


def _part_bytes(part: Part) -> int:
    match part:
        case Text() | Reasoning() | Refusal():
            size = byte_length(part.text)
        case ToolCall():
            size = byte_length(part.name) + byte_length(part.args_json)
        case ToolResult():
            size = sum(map(_part_bytes, part.parts))
        case Image():
            size = _IMAGE_BYTES
        case Audio():
            size = len(part.data) // _AUDIO_SHARE
        case File():
            size = len(part.data or b"")
        case _:
            size = 0
    return size


def _json_bytes(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str))
