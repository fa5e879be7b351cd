"""What the commands of `ultra env` share: which environment is meant, and what is wrong with it."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from ultra.checks import Examination
    from ultra.config import Environment, Survey
    from ultra.domain.findings import Finding

Chosen: TypeAlias = Annotated[
    str | None,
    typer.Option("--environment", "-e", help="development, testing or production; the one in force when left out."),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reveal: TypeAlias = Annotated[bool, typer.Option("--reveal", help="Show secrets as they are.")]

NEXT_START = "It counts from the next start on."


def environment(word: str | None) -> "Environment":
    """Return the environment that is meant. Raises a usage error for a word that is none."""
    from ultra.config import ENVIRONMENTS, ConfigurationInvalid, Problem
    from ultra.environments import environment_of, standing

    if word is not None:
        found = environment_of(word)
        if found is None:
            raise typer.BadParameter(f"There is no environment {word!r}: {', '.join(ENVIRONMENTS)}.")
        return found
    stands = standing(environ=os.environ, folder=Path.cwd())
    if stands.environment is None:
        sentence = f"should be exactly development, testing or production, in lower case ({stands.place})."
        raise ConfigurationInvalid([Problem("ENVIRONMENT", sentence, "Or say which you mean: --environment NAME.")])
    return stands.environment


def surveyed(environment: "Environment") -> "Survey":
    """Return what would hold in an environment."""
    from ultra.config import survey
    from ultra.providers import ROWS

    return survey(environ=os.environ, folder=Path.cwd(), environment=environment, presets=ROWS)


def examined(environment: "Environment", values: Mapping[str, str] | None = None) -> "Examination":
    """Judge an environment as it is, or as it would be with these values."""
    from ultra.checks import examine
    from ultra.system import System

    return examine(environ=os.environ, folder=Path.cwd(), environment=environment, overrides=values, system=System())


def say(found: Iterable["Finding"]) -> None:
    """Print findings on standard error: level, setting, sentence, and below it what to do."""
    from ultra.cli.output import harmless

    for each in found:
        typer.echo(harmless(f"{each.id} {each.level:8}{each.setting} {each.sentence}"), err=True)
        if each.hint:
            typer.echo(harmless(f"             {each.hint}"), err=True)


@contextmanager
def writing(file: str) -> Iterator[None]:
    """Turn what the operating system refuses into a sentence about the file."""
    from ultra.domain.errors import Refused

    try:
        yield
    except OSError as error:
        said = f"{file} cannot be written: {error.strerror or error}."
        raise Refused(said, hint="Nothing was changed.") from None
