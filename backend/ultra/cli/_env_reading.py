"""`ultra env` commands that write nothing."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ultra.cli._environments import Chosen, Json, Reveal, environment, examined, surveyed

if TYPE_CHECKING:
    from ultra.config import Environment


def list_environments(json: Json = False) -> int:
    """List the environments, and which would start.

    For each: whether it is in force, what its local file holds, and how many errors keep it from starting.
    """
    from ultra.cli.output import print_json, print_table
    from ultra.config import ENVIRONMENTS
    from ultra.environments import standing

    stands = standing(environ=os.environ, folder=Path.cwd())
    facts = [{**_facts(each), "in_force": each == stands.environment} for each in ENVIRONMENTS]
    if json:
        print_json({"in_force": stands.environment, "place": stands.place, "environments": facts})
        return 0
    rows = [
        (
            each["environment"],
            "in force" if each["in_force"] else "",
            f"{_counted(len(each['settings']), 'setting')}, mode {each['mode']}" if each["mode"] else "not there",
            f"no: {_counted(each['errors'], 'error')}" if each["errors"] else "yes",
        )
        for each in facts
    ]
    print_table(("Environment", "", "Local file", "Would start"), rows)
    if stands.environment is None:
        typer.echo(f"None is in force: ENVIRONMENT is none of them ({stands.place}).", err=True)
    return 0


def show(word: Chosen = None, reveal: Reveal = False, json: Json = False) -> int:
    """Show what the env files say, secrets masked."""
    from ultra.cli.output import harmless, print_json, print_table

    chosen = environment(word)
    rows = [(name, value, place) for name, value, place in _written(chosen, reveal=reveal)]
    if json:
        print_json({name: {"value": value, "place": place} for name, value, place in rows})
        return 0
    if rows:
        print_table(("Setting", "Value", "Place"), [tuple(map(harmless, row)) for row in rows])
    else:
        typer.echo(f"The env files say nothing about {chosen}: every setting has its default.")
    return 0


def get(
    name: Annotated[str, typer.Argument(help="A setting, such as ULTRA_PORT.")],
    word: Chosen = None,
    reveal: Reveal = False,
    json: Json = False,
) -> int:
    """Print one value, masked if it is a secret."""
    from ultra.cli.output import harmless, print_json
    from ultra.domain.errors import NotFound
    from ultra.environments import refusal_of_name

    chosen = environment(word)
    found = {each: (value, place) for each, value, place in _written(chosen, reveal=reveal)}
    if name not in found:
        unknown = None if name == "ENVIRONMENT" else refusal_of_name(name, chosen, surveyed(chosen).references)
        if unknown is not None:
            raise typer.BadParameter(f"{name!r} {unknown.sentence} {unknown.hint}")
        hint = "`ultra config explain` says which value holds, and why."
        raise NotFound(f"{name} stands in no env file of {chosen}.", hint=hint)
    value, place = found[name]
    if json:
        print_json({"name": name, "value": value, "place": place})
    else:
        typer.echo(harmless(value) if sys.stdout.isatty() else value)
    return 0


def diff(
    one: Annotated[str, typer.Argument(help="An environment.")],
    other: Annotated[str, typer.Argument(help="The environment to compare it with.")],
    reveal: Reveal = False,
    json: Json = False,
) -> int:
    """Compare two environments, secrets masked.

    Defaults count: what is shown is what would hold in either.
    """
    from ultra.cli.output import harmless, print_json, print_table
    from ultra.environments import compare

    first, second = environment(one), environment(other)
    found = compare(surveyed(first), surveyed(second), reveal=reveal)
    if json:
        print_json({each.name: {first: each.now, second: each.then} for each in found})
        return 0
    rows = [(each.name, harmless(each.now or "not set"), harmless(each.then or "not set")) for each in found]
    print_table(("Setting", first, second), rows)
    return 0


def validate(word: Chosen = None, json: Json = False) -> int:
    """Judge an environment as `ultra check` does.

    The exit code is 78 if it would not start.
    """
    from ultra.cli._findings import document, show
    from ultra.cli.exits import UNUSABLE
    from ultra.cli.output import print_json
    from ultra.domain.findings import at_least

    found = examined(environment(word))
    if json:
        print_json(document(found, connected=False))
    else:
        show(found)
    return UNUSABLE if at_least(found.findings, "error") else 0


def _written(chosen: "Environment", *, reveal: bool) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and place of every line, the highest of each name; what is unreadable is said beside them."""
    from ultra.config import masked, read_env_file

    folder = Path.cwd()
    seen: set[str] = set()
    for path in (folder / f".env.{chosen}.local", folder / f".env.{chosen}"):
        parsed = read_env_file(path)
        for problem in parsed.problems:
            typer.echo(str(problem), err=True)
        for name, line in parsed.lines.items():
            if name not in seen:
                value = line.raw if reveal or not line.raw else masked(name, line.raw)
                yield name, value, f"{path.name}, line {line.number}"
        seen |= set(parsed.lines)


def _facts(each: "Environment") -> dict[str, Any]:
    from ultra.config import read_env_file
    from ultra.domain.findings import at_least
    from ultra.environments import local_file

    path = local_file(Path.cwd(), each)
    found = examined(each).findings
    errors = len(at_least(found, "error"))
    return {
        "environment": each,
        "file": path.name,
        "mode": f"{path.stat().st_mode & 0o777:04o}" if path.exists() else None,
        "settings": sorted(read_env_file(path).lines),
        "errors": errors,
        "warnings": len(at_least(found, "warning")) - errors,
    }


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
