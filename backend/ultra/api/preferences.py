"""What a client would rather have (`Prefer`, RFC 7240)."""

import re
from collections.abc import Set as AbstractSet
from typing import Annotated, Final

from fastapi import Depends, Header
from starlette.requests import Request

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"?')
_NAME_ENDS: Final = re.compile(r"[=;]")


def read_preferences(line: str) -> frozenset[str]:
    """Return the names of a line's preferences in lower case; values and parameters are no names, whatever they say."""
    preferences = _QUOTED.sub("", line).split(",")
    return frozenset(_NAME_ENDS.split(each, maxsplit=1)[0].strip().lower() for each in preferences)


def _preferences(request: Request, prefer: Annotated[str, Header()] = "") -> AbstractSet[str]:
    del prefer  # for the description of the API: the header may stand on several lines
    return frozenset().union(*map(read_preferences, request.headers.getlist("prefer")))


Preferences = Annotated[AbstractSet[str], Depends(_preferences)]
"""The names of what a request prefers, in lower case."""
