"""`ultra db`: the database."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ultra.cli.command import Command

if TYPE_CHECKING:
    from ultra.store.database import Database

Result = TypeVar("Result")


class Db(Command):
    """Looks after the database."""

    name = "db"

    def attach(self, program: typer.Typer) -> None:
        """Add `ultra db status`, `upgrade`, `downgrade`, `backup` and `purge`."""
        group = typer.Typer(help="Look after the database.", no_args_is_help=True)
        group.command("status", epilog="Example:  ultra db status")(status)
        group.command("upgrade", epilog="Example:  ultra db upgrade")(upgrade)
        group.command("downgrade", epilog="Example:  ultra db downgrade --to 0001")(downgrade)
        group.command("backup", epilog="Example:  ultra db backup ultra-backup.db")(backup)
        group.command("purge", epilog="Example:  ultra db purge --older-than 7")(purge)
        program.add_typer(group, name=self.name)


def status(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> int:
    """Print the revision, what is pending, the size and how many rows there are."""
    from dataclasses import asdict

    from ultra.cli.output import print_json, print_table
    from ultra.store import upkeep

    facts = asdict(_with_database(upkeep.status))
    if json:
        print_json(facts)
    else:
        counts = facts.pop("counts")
        facts["pending"] = ", ".join(facts["pending"]) or "nothing"
        facts |= {f"rows in {name}": count for name, count in counts.items()}
        print_table(("Fact", "Value"), [(name, str(value)) for name, value in facts.items()])
    return 0


def upgrade() -> int:
    """Bring the database to the newest revision."""
    from ultra.store import upkeep

    applied = _with_database(upkeep.upgrade)
    typer.echo(f"Applied: {', '.join(applied)}." if applied else "Nothing to apply.")
    return 0


def downgrade(
    to: Annotated[str | None, typer.Option(help="Revision to go back to; empties it when left out.")] = None,
) -> int:
    """Take the database back to an earlier revision; data of later revisions is lost."""
    from ultra.store import upkeep

    _with_database(lambda database: upkeep.downgrade(database, to=to))
    typer.echo(f"The database is at {to or 'nothing'}.")
    return 0


def backup(target: Annotated[Path, typer.Argument(help="File to write; it must not exist.")]) -> int:
    """Copy a SQLite database while it is in use."""
    from ultra.store import upkeep

    size = _with_database(lambda database: upkeep.backup(database, target=target))
    typer.echo(f"Wrote {target} ({size:,} bytes).")
    return 0


def purge(
    older_than: Annotated[
        int | None, typer.Option(min=0, help="Days that ended runs and calls are kept (ULTRA_RETENTION_DAYS).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Remove what has been kept for as long as it should be; a server does so every hour."""
    from datetime import timedelta

    from ultra.cli.house import configuration
    from ultra.cli.output import print_json, print_table
    from ultra.services.housekeeping import Housekeeping, retention_of
    from ultra.store.budgets import StoredBudgets
    from ultra.system import System

    system = System()
    kept = retention_of(configuration().settings.retention_days) if older_than is None else timedelta(days=older_than)
    removed = _with_database(
        lambda database: Housekeeping(
            database=database, budgets=StoredBudgets(database=database, system=system), retention=kept, system=system
        ).tidy()
    )
    if json:
        print_json(dict(removed))
    else:
        print_table(("Table", "Rows removed"), [(name, str(rows)) for name, rows in removed.items()])
    return 0


def _with_database(work: Callable[["Database"], Awaitable[Result]]) -> Result:
    import asyncio

    from ultra.cli.house import configuration
    from ultra.services import make_folders
    from ultra.store.database import open_database
    from ultra.system import System

    async def whole() -> Result:
        settings = configuration().settings
        make_folders(settings)
        async with open_database(url=settings.database_url.reveal(), system=System()) as database:
            return await work(database)

    return asyncio.run(whole())
