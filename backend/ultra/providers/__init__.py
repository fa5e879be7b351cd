"""Who serves models: one vendor, one class; one socket for all of them.

`discovery.collect(ultra.providers, HttpProvider)` finds the classes by name; `ROWS` has the servers that
speak OpenAI's wire, and `row_for` makes one for any other.
"""

from ultra.providers.anthropic import Anthropic
from ultra.providers.base import HttpProvider
from ultra.providers.calls import Call, StreamDecoder, Timeouts
from ultra.providers.compatible import ROWS, Compatible, Row, row_for
from ultra.providers.gemini import Gemini
from ultra.providers.openai import OpenAI
from ultra.providers.session import open_session

__all__ = [
    "ROWS",
    "Anthropic",
    "Call",
    "Compatible",
    "Gemini",
    "HttpProvider",
    "OpenAI",
    "Row",
    "StreamDecoder",
    "Timeouts",
    "open_session",
    "row_for",
]
