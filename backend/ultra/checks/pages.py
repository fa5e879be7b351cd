"""What is written from the checks: a page for each id, and a list of them."""

import inspect
from collections.abc import Mapping
from typing import Final

from ultra.checks.check import Check, Described
from ultra.checks.connected import connection_checks
from ultra.checks.connection import Connection
from ultra.checks.examination import checks, reports

FOLDER: Final = "docs/reference/checks"

_WHEN: Final[Mapping[str, str]] = {
    "always": "before every command and every start, and by `ultra check`",
    "serving": "before a server starts, and by `ultra check`",
    "ahead": "by `ultra check`; a server that starts finds it out by itself",
    "connected": "by `ultra check --connect`",
}

_HEAD: Final = """\
# Checks

Generated from the checks; do not edit.

`ultra check` judges a configuration without starting it, and a server that starts judges it the same way. What is
found has an id that stays, a level, one sentence and what to do. With an **error** nothing starts, and the exit code is
78; a **warning** is logged at the start; an **info** is shown by `ultra check` alone. `ultra check --connect` costs
nothing: the database and the counter are looked at, and providers are asked for their lists of models.

| id | level | what |
|---|---|---|
"""


def described() -> Mapping[str, Described]:
    """Return every check of a configuration by its id, in their order."""
    found: dict[str, Described] = {**reports(), **checks(), **connection_checks()}
    return dict(sorted(found.items()))


def written_files() -> dict[str, str]:
    """Return every generated page: its path from the root of the repository, and what it must hold."""
    pages = {f"{FOLDER}/{name}.md": page(check) for name, check in described().items()}
    return {f"{FOLDER}/README.md": index(), **pages}


def index() -> str:
    """Return the list of all checks, in Markdown."""
    rows = (f"| [{name}]({name}.md) | {check.level} | {check.title} |" for name, check in described().items())
    return _HEAD + "\n".join(rows) + "\n"


def page(check: Described) -> str:
    """Return the page of one check, in Markdown."""
    what = inspect.getdoc(type(check))
    return (
        f"# {check.name}: {check.title}\n\n"
        f"Generated from the check; do not edit. [All checks](README.md)\n\n"
        f"**{check.level.capitalize()}**, found {_WHEN[_moment(check)]}.\n\n"
        f"{what}\n\n"
        f"## Why it matters\n\n{check.why}\n\n"
        f"## What to do\n\n{check.mend}\n"
    )


def _moment(check: Described) -> str:
    if isinstance(check, Connection):
        return "connected"
    return check.moment if isinstance(check, Check) else "always"
