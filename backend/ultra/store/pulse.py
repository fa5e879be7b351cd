"""Is the database there, which is it, and what time does it say?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, text

from ultra.store.database import Database


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a database says of itself; `at` is its clock, None for a file, which has this machine's."""

    kind: Literal["sqlite", "postgresql"]
    version: str
    at: datetime | None


async def feel_pulse(database: Database) -> Pulse:
    """Ask in one short transaction; raises `Unavailable` or `Overloaded`."""
    return await database.read(_of_file if database.is_sqlite else _of_server)


def _of_file(connection: Connection) -> Pulse:
    # the schema is read from the file: the version alone would not notice that the file is gone
    connection.execute(text("SELECT count(*) FROM sqlite_master"))
    return Pulse("sqlite", str(connection.scalar(text("SELECT sqlite_version()"))), None)


def _of_server(connection: Connection) -> Pulse:
    row = connection.execute(text("SELECT current_setting('server_version'), clock_timestamp()")).one()
    return Pulse("postgresql", row[0].partition(" ")[0], row[1])
