"""Writes a value so that the reader of env files reads back the same, on one line."""

import re
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@%+,=~^-]*")
"""What means itself to Ultra, to a shell that sources the file, and to programs that take no quotes at all."""

_ESCAPES: Final = {
    "\\": r"\\",
    '"': r"\"",
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
}


def quoted(value: str) -> str:
    """Return `value` as it is written behind `NAME=`: plain where that is safe, else in single or double quotes.

    Single quotes come first, because a `$` in them is a dollar to everybody. Line ends are escaped.
    """
    if _PLAIN.fullmatch(value):
        return value
    if not any(character in _ESCAPES and character != '"' for character in value) and "'" not in value:
        return f"'{value}'"
    return '"' + "".join(_ESCAPES.get(character, character) for character in value) + '"'
