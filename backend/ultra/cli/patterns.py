"""`ultra patterns`: what can be asked for."""

from typing import TYPE_CHECKING, Annotated

import typer

from ultra.cli.command import Command

if TYPE_CHECKING:
    from ultra.desk.desk import Desk
    from ultra.services import Services


class Patterns(Command):
    """Lists the patterns."""

    name = "patterns"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra patterns`."""
        program.command(self.name, epilog="Example:  ultra patterns fact-check")(patterns)


def patterns(
    name: Annotated[str | None, typer.Argument(help="Show one pattern only.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """List the patterns: what models are asked to look for, and how they are asked."""
    from ultra.cli.house import in_house

    async def work(services: "Services", _: "Desk") -> int:
        from ultra.cli.output import print_json, print_table
        from ultra.desk.patterns import shown

        chosen = (services.patterns.get(name),) if name else services.patterns.all()
        if json:
            print_json([shown(lens) for lens in chosen])
            return 0
        rows = [(lens.name, lens.default_flow, str(lens.minimum_panel), lens.summary, lens.when) for lens in chosen]
        print_table(("Pattern", "Flow", "Panel", "What it does", "When"), rows)
        return 0

    return in_house(work)
