"""`ultra env switch`: which environment is in force, and putting another one in force."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ultra.cli._environments import Json, environment, examined, say, surveyed, writing

if TYPE_CHECKING:
    from ultra.config import Environment
    from ultra.domain.findings import Finding
    from ultra.environments import Difference, Outcome, Standing


def switch(
    target: Annotated[str | None, typer.Argument(help="development, testing or production.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Switch although something is wrong with the target.")] = False,
    json: Json = False,
) -> int:
    """Put an environment in force, if it would start.

    It is checked and what will change is shown; a target whose check fails is refused (exit code 78) and nothing is
    changed. Without an environment, the one that is in force is told. Nothing is asked, so that scripts can run it.
    """
    from ultra.cli.exits import UNUSABLE
    from ultra.cli.output import print_json
    from ultra.domain.findings import at_least
    from ultra.environments import compare, standing
    from ultra.environments import switch as put_in_force

    stands = standing(environ=os.environ, folder=Path.cwd())
    if target is None:
        return _say_where(stands, json=json)
    chosen = environment(target)
    found = at_least(examined(chosen).findings, "warning")
    now = stands.configured
    changes = compare(surveyed(now), surveyed(chosen)) if now else ()
    if not json:
        _show(now, chosen, changes)
        say(found)
    with writing(".env"):
        outcome = put_in_force(Path.cwd(), chosen, findings=found, force=force)
    if json:
        told = {"changes": [asdict(each) for each in changes], "findings": [asdict(each) for each in found]}
        print_json({"outcome": outcome, "from": now, "to": chosen, "overridden": stands.is_overridden, **told})
    else:
        _conclude(outcome, chosen, stands, found)
    return UNUSABLE if outcome == "refused" else 0


def _say_where(stands: "Standing", *, json: bool) -> int:
    from ultra.cli.exits import UNUSABLE
    from ultra.cli.output import print_json

    if json:
        print_json({"in_force": stands.environment, "place": stands.place, "env_file": stands.written})
    elif stands.environment is None:
        typer.echo(f"No environment is in force: {stands.place} names none of the three.", err=True)
    else:
        place = "it is the default; there is no .env" if stands.place == "default" else stands.place
        typer.echo(f"{stands.environment} is in force ({place}).")
        if stands.is_overridden:
            typer.echo(f"  .env says {stands.written or 'nothing'}; `unset ENVIRONMENT` lets it decide.")
        typer.echo("  `scripts/set-env.sh list` says which environments would start.")
    return UNUSABLE if stands.environment is None else 0


def _show(now: "Environment | None", chosen: "Environment", changes: Sequence["Difference"]) -> None:
    from ultra.cli.output import harmless, print_table

    if now is None:
        typer.echo("What .env says now is no environment, so there is nothing to compare with.")
    elif changes:
        rows = [(each.name, harmless(each.now or "not set"), harmless(each.then or "not set")) for each in changes]
        print_table(("Setting", f"now ({now})", f"then ({chosen})"), rows)


def _conclude(outcome: "Outcome", chosen: "Environment", stands: "Standing", found: Sequence["Finding"]) -> None:
    from ultra.environments import GUARDING

    if outcome == "refused":
        stays = f"; {stands.environment} stays in force" if stands.environment else ""
        typer.echo(f"\n{chosen} would not start as it is. Nothing was changed{stays}.", err=True)
        if any(each.setting in GUARDING for each in found):
            typer.echo(
                f"  scripts/set-env.sh generate --environment {chosen}    makes the secrets that are missing", err=True
            )
        typer.echo(f"  scripts/set-env.sh set NAME --environment {chosen}    gives a setting its value", err=True)
        typer.echo(
            f"  scripts/toggle_environment.sh {chosen}            tries again; --force switches all the same", err=True
        )
        return
    if outcome == "unchanged":
        typer.echo(f".env says {chosen} already; nothing was changed.")
    else:
        typer.echo(f"Switched: .env says {chosen}. A server that runs keeps what it has until it is started again.")
    if stands.is_overridden:
        typer.echo("  But ENVIRONMENT is set in the process environment and wins: unset ENVIRONMENT", err=True)
