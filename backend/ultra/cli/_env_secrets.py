"""`ultra env generate`: strong secrets."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ultra.cli._environments import NEXT_START, Chosen, Json, environment, surveyed, writing

if TYPE_CHECKING:
    from ultra.config import Environment, Survey

_LOST: Final = {
    "ULTRA_SIGNING_KEYS": "access tokens that were given out so far end then.",
    "ULTRA_CSRF_KEY": "pages that are open then have to be loaded again before a form is sent.",
    "ULTRA_KEY_PEPPER": "API keys that were made so far end then.",
    "ULTRA_TEST_MODE_SECRET": "headers of the test mode are signed with the fresh one then.",
}

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Secrets to make; all that are missing when left out.")
]
Rotate = Annotated[
    bool, typer.Option("--rotate", help="Make the named ones anew; of a list, earlier entries still check.")
]
Force = Annotated[bool, typer.Option("--force", help="Make the named ones anew, and keep nothing of what was there.")]


def generate(
    names: Names = None, word: Chosen = None, rotate: Rotate = False, force: Force = False, json: Json = False
) -> int:
    """Make the strong secrets that are missing.

    They are written into the local file; none is shown.
    """
    from ultra.cli.output import print_json
    from ultra.environments import GUARDING, local_file

    chosen = environment(word)
    now = surveyed(chosen)
    if (rotate or force) and not names:
        raise typer.BadParameter("Name the secrets that shall be made anew.")
    wanted = tuple(dict.fromkeys(names or [each for each in GUARDING if now.values[each].raw is None]))
    _judge(wanted, now, again=rotate or force)
    file = local_file(Path.cwd(), chosen).name
    with writing(file):
        told = list(_made(chosen, wanted, rotate=rotate and not force, force=force))
    if json:
        print_json({"environment": chosen, "file": file, "made": wanted})
        return 0
    for line in told:
        typer.echo(line)
    ending = f"Written to {file} (mode 0600). {NEXT_START}"
    typer.echo(ending if told else f"{chosen} has all the secrets that it needs; nothing was changed.")
    return 0


def _judge(wanted: Sequence[str], now: "Survey", *, again: bool) -> None:
    """Refuse what is no secret of Ultra's own, what is there already, and what would be written in vain."""
    from ultra.config import nearest
    from ultra.domain.errors import Refused

    for name in wanted:
        if name not in _LOST:
            meant = nearest(name, now.values)
            hint = f"set {name}  takes its value." if name in now.values else f"Did you mean {meant}?" if meant else ""
            raise typer.BadParameter(f"{name!r} is no secret that Ultra makes: {', '.join(_LOST)}. {hint}".strip())
        if name == "ULTRA_TEST_MODE_SECRET" and now.environment != "testing":
            raise typer.BadParameter(f"{name} belongs to testing: --environment testing")
        value = now.values[name]
        if value.raw is not None and value.kind in ("process", "secrets"):
            raise Refused(f"{name} comes from the {value.place}, which wins.", hint="Change it there.")
        if value.raw is not None and not again:
            hint = "--rotate makes it anew and keeps what still has to be checked; --force keeps nothing."
            raise Refused(f"{name} is there already ({value.place}).", hint=hint)


def _made(chosen: "Environment", wanted: Sequence[str], *, rotate: bool, force: bool) -> Iterator[str]:
    """Make the secrets and yield a sentence for each."""
    from ultra.environments import is_ring, keep_secrets, local_file, read_document, rotate_ring
    from ultra.system import System

    there = read_document(local_file(Path.cwd(), chosen)).parsed.lines
    rings = [name for name in wanted if rotate and is_ring(name) and name in there]
    for name in rings:
        done = rotate_ring(Path.cwd(), chosen, name, system=System())
        dropped = f" Dropped: {', '.join(done.dropped)}." if done.dropped else ""
        yield f"{name}: {done.signs} is first now; {', '.join(done.checks)} still checks what it made.{dropped}"
    others = [name for name in wanted if name not in rings]
    for name in keep_secrets(Path.cwd(), chosen, others, system=System(), again=rotate or force):
        yield f"{name} is made anew: {_LOST[name]}" if name in there else f"{name} is made."
