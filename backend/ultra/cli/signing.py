"""`ultra signing`: the keys that sign access tokens."""

from typing import Annotated

import typer

from ultra.cli.command import Command


class Signing(Command):
    """Looks after the keys that sign access tokens."""

    name = "signing"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra signing rotate`."""
        group = typer.Typer(help="Look after the keys that sign access tokens.", no_args_is_help=True)
        group.callback()(_group)
        group.command("rotate", epilog="Example:  ultra signing rotate")(rotate)
        program.add_typer(group, name=self.name)


def _group() -> None:
    """Keep `rotate` a word of its own, although it is the only one."""


def rotate(json: Annotated[bool, typer.Option("--json", help="Print JSON, without secrets.")] = False) -> int:
    """Put a fresh key first in this folder's .env file of local secrets; it counts after a SIGHUP or a restart.

    The key that signed so far still checks what it has signed; older ones are dropped.
    """
    from pathlib import Path

    from ultra.cli.house import configuration
    from ultra.cli.output import print_json
    from ultra.config import ConfigurationInvalid, Problem
    from ultra.environments import rotate_signing_keys
    from ultra.system import System

    loaded = configuration()
    name, found = "ULTRA_SIGNING_KEYS", loaded.origins["ULTRA_SIGNING_KEYS"].in_force
    if found.value is not None and found.kind != "local":
        raise ConfigurationInvalid([Problem(name, f"comes from {found.place}.", "Rotate it there.")])
    try:
        done = rotate_signing_keys(Path.cwd(), loaded.settings.environment, system=System())
    except OSError as error:
        raise ConfigurationInvalid([Problem(name, f"cannot be written here: {error.strerror}.", None)]) from None
    if json:
        told = {"path": str(done.path), "signs": done.signs, "checks": done.checks, "dropped": done.dropped}
        print_json({**told, "reload": True})
        return 0
    typer.echo(f"{done.signs} signs now; {', '.join(done.checks)} still checks what it has signed.")
    if done.dropped:
        typer.echo(f"Dropped: {', '.join(done.dropped)}.")
    typer.echo(f"Written to {done.path.name}. Send SIGHUP to `ultra serve` to make it count.")
    return 0
