"""`ultra env` commands that write the local file."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ultra.cli._environments import NEXT_START, Chosen, environment, examined, say, surveyed, writing

if TYPE_CHECKING:
    from ultra.config import Environment, Survey
    from ultra.domain.findings import Finding


def set_(
    words: Annotated[
        list[str], typer.Argument(metavar="NAME[=VALUE]...", help="Without =VALUE it is asked for, or read from stdin.")
    ],
    word: Chosen = None,
) -> int:
    """Write settings into the local file.

    All of them are written, or none if one is refused. Values that the file cannot hold as they are get quotes.
    """
    from ultra.domain.findings import at_least
    from ultra.environments import local_file, refusal_of_name, set_values

    chosen = environment(word)
    now = surveyed(chosen)
    names = [each.partition("=")[0] for each in words]
    for name in names:
        refusal = refusal_of_name(name, chosen, now.references)
        if refusal is not None:
            raise typer.BadParameter(f"{name!r} {refusal.sentence} {refusal.hint}")
    if len(set(names)) < len(names):
        raise typer.BadParameter("A name is given twice.")
    values = _values(words)
    before = examined(chosen).findings
    after = examined(chosen, _settings(values)).findings
    fresh = [each for each in after if each not in before and _concerns(each, values)]
    file = local_file(Path.cwd(), chosen)
    with writing(file.name):
        set_values(Path.cwd(), chosen, values, references=now.references, findings=fresh)
    _tell(values, file.name, now)
    say(fresh)
    if at_least(fresh, "error"):
        typer.echo(f"{chosen} would not start like this.", err=True)
    return 0


def unset(
    names: Annotated[list[str], typer.Argument(help="Settings to remove from the local file.")], word: Chosen = None
) -> int:
    """Remove settings from the local file."""
    from ultra.domain.errors import NotFound
    from ultra.environments import local_file, unset_values

    chosen = environment(word)
    file = local_file(Path.cwd(), chosen)
    _refuse_strangers(names, file, chosen)
    with writing(file.name):
        gone = unset_values(Path.cwd(), chosen, names)
    for name in gone:
        typer.echo(f"{name} is removed from {file.name}. {NEXT_START}")
    missing = [name for name in names if name not in gone]
    if missing:
        hint = "`ultra config explain` says where a value comes from."
        raise NotFound(f"{', '.join(missing)} did not stand in {file.name}.", hint=hint)
    return 0


def init(word: Chosen = None) -> int:
    """Make the local file, with explanations.

    It names everything that has no default, and sets nothing. A file that is there stays as it is.
    """
    from ultra.environments import begin, local_file

    chosen = environment(word)
    file = local_file(Path.cwd(), chosen)
    with writing(file.name):
        made = begin(Path.cwd(), chosen)
    if made:
        typer.echo(f"Made {file.name} (mode 0600). `scripts/set-env.sh edit --environment {chosen}` opens it.")
    else:
        typer.echo(f"{file.name} is there already and stays as it is.")
    return 0


def _refuse_strangers(names: Sequence[str], file: Path, chosen: "Environment") -> None:
    """Refuse a name that neither is a setting nor stands in the file: a misspelt one that does can be removed."""
    from ultra.config import nearest
    from ultra.environments import read_document, refusal_of_name

    with writing(file.name):
        there = read_document(file).names
    for name in names:
        refusal = refusal_of_name(name, chosen, frozenset())
        if refusal is not None and name not in there:
            meant = nearest(name, there)
            hint = f"Did you mean {meant}?" if meant else refusal.hint
            raise typer.BadParameter(f"{name!r} does not stand in {file.name} and {refusal.sentence} {hint}")


def _values(words: Sequence[str]) -> Mapping[str, str]:
    """Return the values by name; those that are not given are asked for."""
    from ultra.config import is_secret

    if not sys.stdin.isatty() and sum("=" not in each for each in words) > 1:
        raise typer.BadParameter("Standard input holds one value; give the others one by one.")
    values = {}
    for each in words:
        name, separator, value = each.partition("=")
        values[name] = value if separator else _asked(name)
        if separator and value and is_secret(name, value):
            typer.echo(f"{name} stood on the command line: the shell's history may keep it, ps may show it.", err=True)
            typer.echo(f"  Next time `set {name}` asks for it instead.", err=True)
    return values


def _asked(name: str) -> str:
    """Ask for a value where somebody sits, without showing one that may be a secret; else read all of stdin."""
    from ultra.config import MASK, masked

    if sys.stdin.isatty():
        hidden = masked(name, "x:secret@x") == MASK or name.endswith("_URL")
        text = f"{name} (what you type is not shown)" if hidden else name
        value: str = typer.prompt(text, default="", show_default=False, hide_input=hidden, err=True)
    else:
        try:
            value = sys.stdin.buffer.read().decode("utf-8")
        except UnicodeDecodeError:
            raise typer.BadParameter("Standard input is not text in UTF-8.") from None
        value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise typer.BadParameter(f"No value came for {name}. An empty one is written with: set {name}=")
    return value


def _settings(values: Mapping[str, str]) -> dict[str, str]:
    """Return those that are settings, as the checks know no others."""
    from ultra.config import declarations

    return {name: values[name] for name in {each.name for each in declarations()} & set(values)}


def _concerns(finding: "Finding", values: Mapping[str, str]) -> bool:
    """Whether a finding is news about what is set: what is advised beside it belongs to `validate`."""
    return finding.level == "error" or finding.setting in values


def _tell(values: Mapping[str, str], file: str, now: "Survey") -> None:
    from ultra.cli.output import harmless
    from ultra.config import masked

    for name, value in values.items():
        shown = harmless(masked(name, value)) if value else ""
        typer.echo(f"{name}={shown} is written to {file}. {NEXT_START}")
        source = now.values.get(name)
        if source is not None and source.kind in ("process", "secrets"):
            typer.echo(f"  But the {source.place} gives {name}, too, and wins.", err=True)
