"""Masks what looks like a secret before a line is written: the last net, not the first."""

import re
from collections.abc import MutableMapping
from typing import Any

MASK = "[redacted]"

_SECRETS = re.compile(
    r"""
    \b(?:sk|pk|rk|ultra_sk|gsk|xai|ghp|AIza)[-_]?[A-Za-z0-9_\-]{16,}   # keys with a known beginning
    | ultra_(?:sk|rt|ln)_[A-Za-z0-9_\-.]+                             # Ultra's own: keys, refresh tokens, links
    | eyJ[A-Za-z0-9_\-]+\.eyJ[A-Za-z0-9_\-.]+                         # a JWT, whole or in part
    | \bv1\.(?:viewer|member|operator|admin)\.[^\s"',]+              # a test header
    | (?<=Bearer\ )[^\s"',]+                                         # anything sent as a bearer token
    | (?<=[?&]key=)[^&\s"']+                                          # a key in a query
    | (?<=://)[^/\s:@]+:[^/\s@]+(?=@)                                  # user and password in a URL
    """,
    re.VERBOSE,
)


_SIGNS = ("sk", "pk", "rk", "xai", "ghp", "AIza", "Bearer ", "key=", "://", "ultra_", "eyJ", "v1.")
"""One of these stands in everything that the pattern finds; looking for them first is ten times as quick."""


def masked(text: str) -> str:
    """Return the text with everything that looks like a secret replaced."""
    for sign in _SIGNS:
        if sign in text:
            return _SECRETS.sub(MASK, text)
    return text


def mask_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every text of a log event (a structlog processor)."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = masked(value)
    return event
