"""Is the database there, which is it, and what time does it say?"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, text

from ultra.domain.errors import Unavailable
from ultra.store.database import STORE_UNREACHABLE, Database


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a database says of itself; `at` is its clock, None for a file, which has this machine's."""

    kind: Literal["sqlite", "postgresql"]
    version: str
    at: datetime | None


async def feel_pulse(database: Database) -> Pulse:
    """Ask in one short transaction; raises `Unavailable` or `Overloaded`."""
    path = database.path
    return await database.read(_of_server if path is None else lambda connection: _of_file(connection, path))


def _of_file(connection: Connection, path: Path) -> Pulse:
    if not path.exists():  # who has it open reads and writes on, and all of it is gone at the end
        raise Unavailable("The database file is gone.", hint=f"Restore {path}, then restart.", code=STORE_UNREACHABLE)
    # a page of the file is read: for its version alone the library would not look at it
    connection.execute(text("SELECT count(*) FROM sqlite_master"))
    return Pulse("sqlite", str(connection.scalar(text("SELECT sqlite_version()"))), None)


def _of_server(connection: Connection) -> Pulse:
    wanted = text("SELECT current_setting('server_version'), clock_timestamp(), to_regclass('users') IS NOT NULL")
    version, at, has_users = connection.execute(wanted).one()
    if has_users:  # a server that answers while somebody keeps its tables to themselves is of no use: nobody is known
        connection.execute(text("SELECT 1 FROM users LIMIT 1"))
    return Pulse("postgresql", version.partition(" ")[0], at)
