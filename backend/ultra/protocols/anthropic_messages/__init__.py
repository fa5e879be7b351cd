"""The server side of Anthropic's messages wire."""

from ultra.protocols.anthropic_messages.answers import answer, counted
from ultra.protocols.anthropic_messages.chunks import ChunkWriter
from ultra.protocols.anthropic_messages.errors import error
from ultra.protocols.anthropic_messages.lists import model, models
from ultra.protocols.anthropic_messages.requests import VERSIONS, parse

__all__ = ["VERSIONS", "ChunkWriter", "answer", "counted", "error", "model", "models", "parse"]
