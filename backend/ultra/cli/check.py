"""`ultra check`: judges the configuration without starting it."""

from typing import Annotated, Literal

import typer

from ultra.cli.command import Command

_EXAMPLE = """Example:  ultra check --environment production --fail-level warning

Exit codes: 0 nothing at or above --fail-level; 1 something; 78 an error: this configuration would not start"""


class Check(Command):
    """Judges the configuration without starting it."""

    name = "check"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra check`."""
        program.command(self.name, epilog=_EXAMPLE)(check)


def check(
    environment: Annotated[
        Literal["development", "testing", "production"] | None,
        typer.Option(help="Judge this environment, whichever is chosen."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    fail_level: Annotated[
        Literal["info", "warning", "error"], typer.Option(help="The mildest finding that makes the exit code not 0.")
    ] = "error",
    connect: Annotated[
        bool,
        typer.Option("--connect", help="Also reach the database, Redis and the providers' model lists; costs nothing."),
    ] = False,
) -> int:
    """Say everything that is wrong with the configuration of this folder, and what to do. Nothing is started."""
    import asyncio
    import os
    from pathlib import Path

    from ultra.checks import examine
    from ultra.cli._findings import document, show
    from ultra.cli.exits import UNUSABLE
    from ultra.cli.output import print_json
    from ultra.domain.findings import at_least
    from ultra.system import System

    system = System()
    found = examine(environ=os.environ, folder=Path.cwd(), environment=environment, system=system)
    if connect:
        from ultra.checks.connected import connect as reach

        found = asyncio.run(reach(found))
    if json:
        print_json(document(found, connected=connect))
    else:
        show(found)
    if at_least(found.findings, "error"):
        return UNUSABLE
    return 1 if at_least(found.findings, fail_level) else 0
