"""Exit codes and what is said on the way out."""

from collections.abc import Mapping
from typing import Final

import typer

from ultra.domain.errors import Refused, UltraError, Unavailable

UNUSABLE: Final = 78
"""The configuration cannot be used: nothing starts on it."""

EXITS: Mapping[int, str] = {
    0: "done",
    1: "asked, but failed; or checked, and found something",
    2: "wrong usage",
    66: "no such thing, or not possible",
    69: "nobody could be asked",
    UNUSABLE: "configuration invalid",
    130: "interrupted",
}


_INVALID = frozenset({"ConfigurationInvalid", "ConfigurationRefused", "PatternInvalid"})
"""By name: importing them would cost more than most commands take."""


def exit_code(error: Exception) -> tuple[int | None, str]:
    """Return the code and the text for an error of the house; (None, "") for a fault in the program itself."""
    if isinstance(error, UltraError):
        return _code(error), _sentence(error)
    if isinstance(error, typer.TyperException):
        return error.exit_code, f"{error.format_message()}\n"
    if type(error).__name__ in _INVALID:
        return UNUSABLE, f"{error}\n"
    return None, ""


def _code(error: UltraError) -> int:
    if isinstance(error, Refused):
        return 66
    return 69 if isinstance(error, Unavailable) else 1


def _sentence(error: UltraError) -> str:
    hint = f"\n  {error.hint}" if error.hint else ""
    causes = "".join(f"\n  {each.model or each.provider}: {each.message}" for each in getattr(error, "causes", ()))
    return f"{error.message}{causes}{hint}\n"
