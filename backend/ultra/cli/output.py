"""How commands print: JSON for programs, tables for people, models' words so that they stay words."""

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that a terminal obeys instead of showing them; line feeds and tabs are harmless."""


def harmless(text: str) -> str:
    """Return foreign words without what a terminal would obey: a model must not move the cursor or rename windows."""
    return _COMMANDS.sub("", text)


def print_json(value: Any) -> None:
    """Print one JSON document, indented."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(value, option=options, default=str).decode() + "\n")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> None:
    """Print a table that fits the terminal; piped, it is as wide as it needs to be."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200, highlight=False, markup=False).print(table)
