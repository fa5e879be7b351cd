"""`ultra env edit`: the local file in an editor."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ultra.cli._environments import NEXT_START, Chosen, environment, surveyed, writing

if TYPE_CHECKING:
    from ultra.config import Environment
    from ultra.environments import Document


def edit(word: Chosen = None) -> int:
    """Open the local file in $EDITOR.

    What is edited is a private copy, which takes the file's place only if nothing is wrong in it.
    """
    from ultra.environments import Document, local_file, private_copy, read_document, replace_document
    from ultra.environments.outline import outline

    chosen = environment(word)
    file = local_file(Path.cwd(), chosen)
    references = surveyed(chosen).references
    program = _editor()
    with writing(file.name):
        before = read_document(file)
        begun = before if before.text else Document(file.name, outline(chosen))
        with private_copy(file, begun.text.encode()) as copy:
            after = _edited(program, copy, chosen, references)
            if after is None or after in (before, begun):
                typer.echo("Nothing was changed.")
                return 0 if after is not None else 78
            replace_document(file, before, after)
    typer.echo(f"{file.name} is written. {NEXT_START}")
    return 0


def _editor() -> list[str]:
    """Return the command that edits a file: $VISUAL, $EDITOR, or what is usually there."""
    from ultra.domain.errors import Refused

    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if named:
        return shlex.split(named)
    found = next((each for each in ("nano", "vi") if shutil.which(each)), None)
    if found is None or not sys.stdin.isatty():
        raise Refused("There is no editor to open the file in.", hint="Name one: EDITOR=nano ultra env edit")
    return [found]


def _edited(
    program: Sequence[str], copy: Path, chosen: "Environment", references: frozenset[str] | None
) -> "Document | None":
    """Have the copy edited until nothing is wrong in it; None when whoever edits gives up."""
    from ultra.config import Problem
    from ultra.domain.errors import Refused
    from ultra.environments import inspect, read_document

    while True:
        try:
            done = subprocess.run([*program, str(copy)], check=False)  # noqa: S603 - the user's own editor
        except OSError as error:
            raise Refused(f"The editor {program[0]!r} cannot be started: {error.strerror}.") from None
        if done.returncode != 0:
            raise Refused(f"The editor {program[0]!r} ended with {done.returncode}.", hint="Nothing was changed.")
        document = read_document(copy)
        problems: Sequence[Problem] = inspect(document, chosen, references)
        if not problems:
            return document
        for each in problems:
            typer.echo(str(each), err=True)
        if not sys.stdin.isatty() or not typer.confirm("Edit again?", default=True, err=True):
            return None
