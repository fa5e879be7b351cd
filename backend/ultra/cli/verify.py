"""`ultra verify`: is it fit for production? A rehearsal on this machine, or a look at a deployment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ultra.cli.command import Command

if TYPE_CHECKING:
    from decimal import Decimal

_EXAMPLES = """Examples:  ultra verify

ultra verify --only limits,keys --json report.json

VERIFY_ADMIN=ada VERIFY_PASSWORD=... ultra verify --url https://ultra.example"""

_HELP = """Rehearse production on this machine, or look at the deployment at --url, over HTTP only.

A rehearsal starts PostgreSQL, Valkey, providers over TLS and two workers in a temporary folder, and removes all of it.
At a deployment the administrator's name and password come from VERIFY_ADMIN and VERIFY_PASSWORD or are asked for; users
that the checks make are deleted. What cannot be tried there is reported as not run.

Exit codes: 0 all that could be run has passed; 1 something failed; 2 wrong usage; 69 nothing could be run; 130
interrupted.
"""


class Verify(Command):
    """Runs the readiness suite."""

    name = "verify"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra verify`."""
        program.command(self.name, help=_HELP, epilog=_EXAMPLES)(verify)


def verify(
    *,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Rehearse; so it does without --url.")] = False,
    url: Annotated[str | None, typer.Option(help="Address of a deployment to look at instead.")] = None,
    origin: Annotated[str | None, typer.Option(help="What browsers know it by, if not --url.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="PEM file of an authority to trust for --url.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Ids of checks, with commas; repeat it.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the checks and what each needs.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Ask real providers, with their keys, for money.")] = False,
    max_usd: Annotated[str, typer.Option(help="Most that --live may spend.")] = "0.05",
    json: Annotated[Path | None, typer.Option(help="File for the report as JSON; - is stdout.")] = None,
    html: Annotated[Path | None, typer.Option(help="File for the report as a page.")] = None,
    reports: Annotated[Path, typer.Option(help="Folder of both unless they are named.")] = Path("var/rehearsal"),
) -> int:
    """Run the suite and report."""
    from ultra.cli._verifying import Wish, list_steps, verified

    if list_:
        return list_steps()
    if url is not None and rehearse:
        raise typer.BadParameter("--rehearse and --url exclude each other.")
    wish = Wish(
        url=None if url is None else url.rstrip("/"),
        origin=origin,
        ca_file=ca_file,
        only=tuple(word.strip() for each in only or () for word in each.split(",") if word.strip()),
        cap=_amount(max_usd) if live else None,
        json=json or reports / "report.json",
        html=html or reports / "report.html",
    )
    return verified(wish)


def _amount(text: str) -> "Decimal":
    from decimal import Decimal, InvalidOperation

    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter("--max-usd is an amount such as 0.05.")
    return amount
