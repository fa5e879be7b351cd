"""The server side of Gemini's generateContent wire."""

from ultra.protocols.gemini_generate.answers import answer, counted
from ultra.protocols.gemini_generate.chunks import ChunkWriter
from ultra.protocols.gemini_generate.errors import error
from ultra.protocols.gemini_generate.lists import model, models
from ultra.protocols.gemini_generate.requests import parse, parse_count

__all__ = ["ChunkWriter", "answer", "counted", "error", "model", "models", "parse", "parse_count"]
