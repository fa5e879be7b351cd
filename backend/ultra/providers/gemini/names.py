"""Tool names in the letters that Gemini allows, and back."""

import re
from collections.abc import Mapping

from ultra.domain.chat import ChatRequest, ToolCall, ToolResult
from ultra.domain.errors import InvalidRequest

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_.:-]")
_LONGEST = 64
MADE_UP = "made"
"""Prefix of ids that were made here because the vendor gave none; such an id is never sent."""


def wire_names(request: ChatRequest) -> dict[str, str]:
    """Return how each tool of a request is called on the wire; raises `InvalidRequest` when two would be one."""
    names: dict[str, str] = {}
    for name in (*(tool.name for tool in request.tools), *_mentioned(request)):
        allowed = _FORBIDDEN.sub("_", name)
        if not allowed[:1].isalpha() and not allowed.startswith("_"):
            allowed = f"_{allowed}"
        names[name] = allowed[:_LONGEST]
    if len(set(names.values())) < len(names):
        raise InvalidRequest("Two tools have the same name in the letters this wire allows.", param="tools")
    return names


def own_names(request: ChatRequest) -> Mapping[str, str]:
    """Return how each name of the wire is called in the request."""
    return {wire: own for own, wire in wire_names(request).items()}


def call_names(request: ChatRequest) -> dict[str, str]:
    """Return the tool's name for each call id of the conversation."""
    return {part.id: part.name for message in request.messages for part in message.parts if isinstance(part, ToolCall)}


def _mentioned(request: ChatRequest) -> list[str]:
    parts = [part for message in request.messages for part in message.parts]
    return [part.name for part in parts if isinstance(part, (ToolCall, ToolResult)) and part.name]
