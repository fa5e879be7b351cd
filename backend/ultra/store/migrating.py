"""Brings the tables to the newest revision and back, and finds out a database that stands between two.

Every step is one transaction on both databases, so that a kill at any point leaves the revision before or the one
after. What stands between two was changed by other hands, or by a restore into tables that were there already.
"""

import pkgutil
from collections.abc import Callable

from sqlalchemy import Connection, text

from ultra.domain.errors import Conflict, InvalidRequest
from ultra.store import shape
from ultra.store.database import LONG_PATIENCE_S, Database
from ultra.store.migrations import versions
from ultra.store.transactions import Result

_ADVISORY_LOCK = 7_382_016_551
"""Any constant: whoever migrates a PostgreSQL database holds it."""


def revisions() -> tuple[str, ...]:
    """Return every revision that this program knows, oldest first."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(versions.__path__)))


def resolve(name: str) -> str:
    """Return the revision that a person means by its number or its name; raises `InvalidRequest`."""
    meant = [each for each in revisions() if name in (each, each.partition("_")[0], each.partition("_")[0][1:])]
    if not meant:
        raise InvalidRequest(f"There is no revision {name!r}.", hint=f"Known: {', '.join(revisions())}.")
    return meant[0]


async def current(database: Database) -> str | None:
    """Return the revision that the database is at; None when it is empty."""
    return await database.read(revision_of, patience_s=LONG_PATIENCE_S)


async def pending(database: Database) -> tuple[str, ...]:
    """Return the revisions still to be applied, oldest first.

    Raises `Conflict` when a newer program was here, or when the tables are not those of any revision.
    """
    return await database.read(pending_in, patience_s=LONG_PATIENCE_S)


async def defects(database: Database) -> tuple[str, ...]:
    """Say what of the tables does not fit the revision that the database says it is at; empty when all does."""
    return await database.read(
        lambda connection: _defects(connection, revision_of(connection)), patience_s=LONG_PATIENCE_S
    )


async def check(database: Database) -> None:
    """Raise `Conflict` unless the tables are exactly those of this program: for a start that must not change them."""
    missing = await pending(database)
    if missing:
        raise Conflict(
            f"The database lacks {len(missing)} of {len(revisions())} revisions.",
            code="database_outdated",
            hint="ultra db upgrade",
        )


async def make_ready(database: Database, *, upgrades: bool) -> None:
    """Have the newest tables there, for a start.

    An empty database gets them from whoever comes first. One that holds something is upgraded where `upgrades`, else
    `Conflict` is raised: another version may be at work on it, and nobody has made a backup yet.
    """
    if upgrades or await current(database) is None:
        await upgrade(database)
    else:
        await check(database)


async def upgrade(database: Database) -> tuple[str, ...]:
    """Apply what is pending and return it. Of several processes that start at once, one does and the others wait."""
    if not await pending(database):
        return ()
    return await alone(database, raise_in)


async def downgrade(database: Database, *, to: str | None) -> None:
    """Take back every revision newer than `to` (None: all of them) with the data that only they could hold."""
    known = None if to is None else resolve(to)
    from ultra.store import alembic_steps  # noqa: PLC0415 - half a second that most starts need not pay

    await alone(database, lambda connection: alembic_steps.lower_to(connection, known))


async def alone(database: Database, work: Callable[[Connection], Result]) -> Result:
    """Run `work`, which changes tables, in one transaction, while nobody else changes any."""

    def locked(connection: Connection) -> Result:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        return work(connection)

    return await database.rebuild(locked)


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a database says it is at; None where it says nothing."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def known_revision_of(connection: Connection) -> str | None:
    """Return the revision that a database says it is at; raises `Conflict` for one that only a newer program knows."""
    at = revision_of(connection)
    if at is not None and at not in revisions():
        raise Conflict(
            f"The database is at revision {at!r}, which this program does not know.",
            code="database_too_new",
            hint="Start the newer version that wrote it, or restore a backup into another database.",
        )
    return at


def pending_in(connection: Connection) -> tuple[str, ...]:
    """Return what `pending` does, within a transaction."""
    known = revisions()
    at = known_revision_of(connection)
    wrong = _defects(connection, at)
    if wrong:
        raise Conflict(
            f"The tables are not those of {at or 'an empty database'}: {'; '.join(wrong[:5])}.",
            code="database_half_migrated",
            hint="Restore a backup: ultra db restore FILE --replace. `ultra db status` shows all of it.",
        )
    return known if at is None else known[known.index(at) + 1 :]


def _defects(connection: Connection, at: str | None) -> tuple[str, ...]:
    known = revisions()
    if at is not None and at not in known:
        return ()
    return shape.defects(shape.found(connection), shape.of_revision(at, newest=known[-1]))


def raise_in(connection: Connection, *, to: str | None = None) -> tuple[str, ...]:
    """Apply what is pending, up to revision `to`, within a transaction, and return it."""
    missing = tuple(each for each in pending_in(connection) if to is None or each <= to)
    if missing:
        from ultra.store import alembic_steps  # noqa: PLC0415 - half a second that most starts need not pay

        alembic_steps.raise_to(connection, missing[-1])
    return missing
