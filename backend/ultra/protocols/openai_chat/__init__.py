"""The server side of OpenAI's chat completions wire."""

from ultra.protocols.openai_chat.answers import answer
from ultra.protocols.openai_chat.chunks import ChunkWriter
from ultra.protocols.openai_chat.errors import error
from ultra.protocols.openai_chat.lists import model, models
from ultra.protocols.openai_chat.requests import parse, wants_storage, wants_usage

__all__ = ["ChunkWriter", "answer", "error", "model", "models", "parse", "wants_storage", "wants_usage"]
