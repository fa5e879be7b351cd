"""`ultra config`: what is configured, and why."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ultra.cli.command import Command

if TYPE_CHECKING:
    from ultra.config import Shown
    from ultra.config.documents import Explanation


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
        print_json(
            {
                "name": explanation.origin.name,
                "sentence": explanation.declared.setting.sentence,
                "allowed": explanation.allowed,
                "defaults": explanation.defaults,
                "in_force": asdict(explanation.origin.in_force),
                "overrode": [asdict(each) for each in explanation.origin.overrode],
            }
        )
        return 0
    typer.echo("\n".join(_lines(explanation)))
    return 0


def schema() -> int:
    """Print the JSON Schema of all settings."""
    from ultra.cli.output import print_json
    from ultra.config.documents import schema as whole

    print_json(whole())
    return 0


def _lines(explanation: "Explanation") -> Iterator[str]:
    origin = explanation.origin
    yield f"{origin.name} = {_value(origin.in_force)}"
    yield f"  from       {origin.in_force.place}"
    for each in origin.overrode:
        yield f"  overrode   {_value(each)} from {each.place}"
    yield f"  means      {explanation.declared.setting.sentence}"
    yield f"  allowed    {explanation.allowed}"
    for environment, default in explanation.defaults.items():
        yield f"  default    {default or 'not set'} in {environment}"


def _value(shown: "Shown") -> str:
    return "(not set)" if shown.value is None else shown.value
