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
        """Add `ultra db status`, `upgrade`, `downgrade`, `backup`, `verify`, `restore` and `purge`."""
        group = typer.Typer(help="Look after the database.", no_args_is_help=True)
        group.command("status", epilog="Example:  ultra db status")(status)
        group.command("upgrade", epilog="Example:  ultra db upgrade")(upgrade)
        group.command("downgrade", epilog="Example:  ultra db downgrade --to 0001")(downgrade)
        group.command("backup", epilog="Example:  ultra db backup monday.backup")(backup)
        group.command("verify", epilog="Example:  ultra db verify monday.backup")(verify)
        group.command("restore", epilog="Example:  ultra db restore monday.backup")(restore)
        group.command("purge", epilog="Example:  ultra db purge --older-than 7")(purge)
        program.add_typer(group, name=self.name)


def status(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> int:
    """Print the revision, what is pending, what is wrong with the tables, the size and how many rows there are."""
    from dataclasses import asdict

    from ultra.cli.output import print_json, print_table
    from ultra.store import upkeep

    facts = asdict(_with_database(upkeep.status))
    if json:
        print_json(facts)
    else:
        counts = facts.pop("counts")
        facts["pending"] = ", ".join(facts["pending"]) or "nothing"
        facts["defects"] = "; ".join(facts["defects"]) or "none"
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
    to: Annotated[str, typer.Option(help="Revision to go back to, such as 0001; `nothing` takes all tables away.")],
) -> int:
    """Take the database back to an earlier revision; data that only later revisions hold is lost."""
    from ultra.store import upkeep

    _with_database(lambda database: upkeep.downgrade(database, to=None if to == "nothing" else to))
    typer.echo(f"The database is at {to}.")
    return 0


def backup(
    target: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Write everything into one file while the database is in use, except who is signed in."""
    from dataclasses import asdict

    from ultra import __version__
    from ultra.cli.output import print_json
    from ultra.store.backing_up import back_up
    from ultra.system import System

    made = _with_database(
        lambda database: back_up(database, target=target, made_by=f"ultra {__version__}", system=System())
    )
    if json:
        print_json({"file": str(target), **asdict(made)})
    else:
        typer.echo(f"Wrote {target} ({made.size_bytes:,} bytes, {sum(made.rows.values()):,} rows, {made.revision}).")
    return 0


def verify(
    source: Annotated[Path, typer.Argument(help="File that `ultra db backup` wrote.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Read a backup to its end, say what it is, and fail when it is damaged; no database is needed."""
    from dataclasses import asdict

    from ultra.cli.output import print_json, print_table
    from ultra.store.archive import Archive

    archive = Archive(source)
    facts, rows = asdict(archive.manifest()), archive.verify()
    if json:
        print_json({**facts, "rows": rows})
    else:
        facts |= {f"rows in {name}": count for name, count in rows.items()}
        print_table(("Fact", "Value"), [(name, str(value)) for name, value in facts.items()])
    return 0


def restore(
    source: Annotated[Path, typer.Argument(help="File that `ultra db backup` wrote.")],
    replace: Annotated[bool, typer.Option(help="Give up what is in the database now.")] = False,
    keep_keys: Annotated[
        bool, typer.Option(help="Leave API keys valid of which nobody can say whether they were revoked since.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Put a backup back, all of it or nothing, and end what must not come back. Stop every server before."""
    from dataclasses import asdict

    from ultra.cli.house import configuration
    from ultra.cli.output import print_json
    from ultra.store.restoring import restore as put_back
    from ultra.system import System

    environment, system = configuration().settings.environment, System()
    done = _with_database(
        lambda database: put_back(
            database, source=source, environment=environment, replace=replace, keep_keys=keep_keys, system=system
        )
    )
    if json:
        print_json(asdict(done))
    else:
        applied = f", then applied {', '.join(done.applied)}" if done.applied else ""
        typer.echo(f"Restored {sum(done.rows.values()):,} rows of {done.manifest.made_at}{applied}.")
        typer.echo(f"Everybody has to sign in again. API keys ended: {done.ended_keys}.")
    return 0


def purge(
    older_than: Annotated[
        int | None,
        typer.Option(min=0, max=36_500, help="Days that what has ended is kept (ULTRA_RETENTION_DAYS)."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Remove what has been kept for as long as it should be; a server does so by itself."""
    from datetime import timedelta

    from ultra.cli.house import configuration
    from ultra.cli.output import print_json, print_table
    from ultra.services.housekeeping import Housekeeping, longest_call, retention_of
    from ultra.store.budgets import StoredBudgets
    from ultra.system import System

    system = System()
    settings = configuration().settings
    kept = retention_of(settings.retention_days) if older_than is None else timedelta(days=older_than)
    removed = _with_database(
        lambda database: Housekeeping(
            database=database,
            budgets=StoredBudgets(database=database, system=system),
            retention=kept,
            longest_call=longest_call(settings),
            system=system,
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
