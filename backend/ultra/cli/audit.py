"""`ultra audit`: who did what, and whether the book is whole."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ultra.cli.command import Command
from ultra.cli.house import in_house
from ultra.cli.output import print_json, print_table

if TYPE_CHECKING:
    from ultra.desk.desk import Desk
    from ultra.domain.access import AuditRow
    from ultra.services import Services


class Audit(Command):
    """Reads and checks the audit."""

    name = "audit"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra audit list` and `verify`."""
        group = typer.Typer(help="Read the audit, and check that nobody changed it.", no_args_is_help=True)
        group.command("list", epilog="Example:  ultra audit list --action sign_in")(list_rows)
        group.command("verify", epilog="Example:  ultra audit verify")(verify)
        program.add_typer(group, name=self.name)


def list_rows(
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    action: Annotated[str | None, typer.Option(help="Only this action.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Print the newest rows."""

    async def work(services: "Services", _: "Desk") -> "tuple[AuditRow, ...]":
        return await services.access.stores.audit.page(limit=limit, before=None, action=action, actor=None)

    rows = in_house(work)
    if json:
        print_json([_shown(row) for row in rows])
        return 0
    cells = [
        (
            str(r.seq),
            r.at.isoformat(timespec="seconds"),
            r.entry.action,
            r.entry.outcome,
            r.entry.actor or "",
            r.entry.target or "",
        )
        for r in rows
    ]
    print_table(("#", "When", "Action", "Outcome", "Actor", "Target"), cells)
    return 0


def verify(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> int:
    """Check the hash chain of the whole audit; exits 1 when a row does not fit."""

    async def work(services: "Services", _: "Desk") -> int | None:
        return await services.access.stores.audit.verify()

    broken = in_house(work)
    if json:
        print_json({"whole": broken is None, "first_broken": broken})
    elif broken is None:
        typer.echo("The audit is whole.")
    else:
        typer.echo(f"Row {broken} does not fit: it or one before it was changed.")
    return 0 if broken is None else 1


def _shown(row: "AuditRow") -> dict[str, Any]:
    from dataclasses import asdict

    return {"seq": row.seq, "at": row.at.isoformat(), **asdict(row.entry), "hash": row.hash}
