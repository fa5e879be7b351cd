"""`ultra config`: what is configured, and why."""

from typing import Annotated

import typer

from ultra.cli.command import Command


class Config(Command):
    """Shows and explains the configuration."""

    name = "config"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra config show`, `explain` and `schema`."""
        group = typer.Typer(help="Show what is configured, and which source gave each value.", no_args_is_help=True)
        group.command("show", epilog="Example:  ultra config show --json")(show)
        group.command("explain", epilog="Example:  ultra config explain ULTRA_PORT")(explain)
        group.command("schema", epilog="Example:  ultra config schema > settings.json")(schema)
        program.add_typer(group, name=self.name)


def show(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> int:
    """Print every setting in force and its source; secrets are masked."""
    from ultra.cli.house import configuration
    from ultra.cli.output import print_json, print_table
    from ultra.config.documents import show as shown

    origins = shown(configuration())
    if json:
        print_json({each.name: {"value": each.in_force.value, "source": each.in_force.place} for each in origins})
        return 0
    rows = [(each.name, each.in_force.value or "", each.in_force.place) for each in origins]
    print_table(("Setting", "Value", "Source"), rows)
    return 0


def explain(
    name: Annotated[str, typer.Argument(help="A setting, such as ULTRA_PORT.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Say what a setting means, its value in force, which source gave it and which sources it overrode."""
    from dataclasses import asdict

    from ultra.cli.house import configuration
    from ultra.cli.output import print_json
    from ultra.config.documents import explain as explained

    explanation = explained(configuration(), name)
    if json:
        print_json(asdict(explanation))
        return 0
    typer.echo(str(explanation))
    return 0


def schema() -> int:
    """Print the JSON Schema of all settings."""
    from ultra.cli.output import print_json
    from ultra.config.documents import schema as whole

    print_json(whole())
    return 0
