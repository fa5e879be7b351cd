"""A deterministic estimate of tokens: text is cut into word-sized pieces, and the pieces are what a stream sends."""

import json
import re
from collections.abc import Iterable

from ultra.domain.chat import (
    Audio,
    ChatRequest,
    File,
    Image,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)

_PIECE = re.compile(r"\s*(?:\w{1,7}|[^\w\s]{1,3})|\s+")
_PER_MESSAGE = 4
_PER_PICTURE = 258
_BYTES_PER_TOKEN = 24
"""Of a file or a recording: pages and seconds are not looked at, so their size stands in for them."""


def split(text: str) -> list[str]:
    """Cut text into pieces of about a word; joined again they are the text, character for character."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    """Return how many pieces `split` makes of the text."""
    return len(_PIECE.findall(text))


def count_parts(parts: Iterable[Part]) -> int:
    """Return the tokens of the parts of one message."""
    return sum(_count_part(part) for part in parts)


def count_request(request: ChatRequest) -> int:
    """Return the tokens of everything a request carries: instructions, history, pictures and tool descriptions."""
    total = sum(count_parts(message.parts) + _PER_MESSAGE for message in request.messages)
    if request.instructions:
        total += count_parts(request.instructions) + _PER_MESSAGE
    for tool in request.tools:
        total += count(tool.name) + count(tool.description or "") + count(json.dumps(dict(tool.schema)))
    return max(total, 1)


def _count_part(part: Part) -> int:
    match part:
        case Text(text) | Refusal(text) | Reasoning(text):
            return count(text)
        case Image():
            return _PER_PICTURE
        case File(data=data) | Audio(data=data):
            return 1 + len(data or b"") // _BYTES_PER_TOKEN
        case ToolCall(name=name, args_json=args):
            return count(name) + count(args)
        case ToolResult(parts=parts):
            return count_parts(parts)
        case _:
            return 0
