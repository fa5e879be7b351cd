"""Whose database this is: the environment that first opened it is written into it, and no other may use it."""

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from ultra.domain.errors import Conflict
from ultra.store.database import Database
from ultra.store.tables import STAMP

_ENVIRONMENT = "environment"


async def read_stamp(database: Database) -> str | None:
    """Return the environment this database belongs to; None when nobody has opened it yet."""
    wanted = select(STAMP.c.value).where(STAMP.c.name == _ENVIRONMENT)
    return await database.read(lambda connection: connection.scalar(wanted))


async def claim_stamp(database: Database, *, environment: str) -> None:
    """Write the environment into a fresh database; raises `Conflict` when it belongs to another one."""
    stamped = await read_stamp(database)
    if stamped is None:
        mine = insert(STAMP).values(name=_ENVIRONMENT, value=environment)
        try:
            await database.write(lambda connection: connection.execute(mine))
        except IntegrityError:  # another process was a moment earlier: see what it wrote
            stamped = await read_stamp(database)
        else:
            return
    if stamped != environment:
        raise Conflict(
            f"This database belongs to the environment {stamped!r}, and this is {environment!r}.",
            code="wrong_environment",
            hint="Give each environment a database of its own: DATABASE_URL.",
        )
