"""How findings are shown: a table for each level and one closing line, or one JSON document."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import typer

from ultra.checks import Examination
from ultra.cli.output import harmless, print_table
from ultra.domain.findings import LEVELS, Finding, Level

_HEADINGS: Final = ("Id", "Setting", "What is wrong", "What to do")
_TITLES: Final[dict[Level, str]] = {"error": "Errors", "warning": "Warnings", "info": "For your information"}


def show(examination: Examination) -> None:
    """Print the findings, gravest first, and whether a server would start."""
    for level in reversed(LEVELS):
        found = [each for each in examination.findings if each.level == level]
        if found:
            cells = ((each.id, each.setting, each.sentence, each.hint or "") for each in found)
            print_table(_HEADINGS, [[harmless(cell) for cell in row] for row in cells], title=_TITLES[level])
    typer.echo(closing(examination))


def closing(examination: Examination) -> str:
    """Return the last line: how much of what was found, and what that means for a start."""
    counted = ", ".join(_counts(examination.findings)) or "Nothing found"
    if examination.environment is None:
        return f"{counted}: nothing would start."
    return f"{counted}: {examination.environment} would {'start' if _would_start(examination) else 'not start'}."


def document(examination: Examination, *, connected: bool) -> dict[str, Any]:
    """Return the examination as JSON values; names in it stay as they are."""
    return {
        "environment": examination.environment,
        "would_start": _would_start(examination),
        "connected": connected,
        "counts": {level: _number(examination.findings, level) for level in reversed(LEVELS)},
        "findings": [
            {
                "id": each.id,
                "level": each.level,
                "setting": each.setting,
                "sentence": each.sentence,
                "hint": each.hint,
            }
            for each in examination.findings
        ],
    }


def _would_start(examination: Examination) -> bool:
    return not _number(examination.findings, "error")


def _counts(findings: Sequence[Finding]) -> Iterator[str]:
    for level, one, many in (
        ("error", "error", "errors"),
        ("warning", "warning", "warnings"),
        ("info", "note", "notes"),
    ):
        if number := _number(findings, level):
            yield f"{number} {one if number == 1 else many}"


def _number(findings: Sequence[Finding], level: str) -> int:
    return sum(each.level == level for each in findings)
