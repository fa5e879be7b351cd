"""Brings the tables to the newest revision and back; alembic is imported only when there is something to do."""

import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from ultra.domain.errors import Conflict, InvalidRequest
from ultra.store.database import Database
from ultra.store.migrations import versions

if TYPE_CHECKING:
    from alembic.config import Config

_ADVISORY_LOCK = 7_382_016_551
"""Any constant: whoever migrates a PostgreSQL database holds it."""


def revisions() -> tuple[str, ...]:
    """Return every revision that this program knows, oldest first."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(versions.__path__)))


async def current(database: Database) -> str | None:
    """Return the revision that the database is at; None when it is empty."""
    return await database.read(_current)


async def pending(database: Database) -> tuple[str, ...]:
    """Return the revisions still to be applied, oldest first; raises `Conflict` when a newer program was here."""
    known = revisions()
    at = await current(database)
    if at is None:
        return known
    if at not in known:
        raise Conflict(
            f"The database is at revision {at!r}, which this program does not know.",
            code="database_too_new",
            hint="Start the newer version that wrote it, or restore a backup.",
        )
    return known[known.index(at) + 1 :]


async def check(database: Database) -> None:
    """Raise `Conflict` unless the tables are exactly those of this program: for a start that must not change them."""
    missing = await pending(database)
    if missing:
        raise Conflict(
            f"The database lacks {len(missing)} of {len(revisions())} revisions.",
            code="database_outdated",
            hint="ultra db upgrade",
        )


async def upgrade(database: Database) -> tuple[str, ...]:
    """Apply what is pending and return it. Of several processes that start at once, one does and the others wait."""
    if not await pending(database):
        return ()
    from alembic import command  # noqa: PLC0415 - half a second that a start without migrations does not pay

    before = await _migrate(database, lambda config: command.upgrade(config, "head"))
    known = revisions()
    return known[known.index(before) + 1 :] if before else known


async def downgrade(database: Database, *, to: str | None) -> None:
    """Take back every revision newer than `to` (None: all of them) with the data that only they could hold."""
    if to is not None and to not in revisions():
        raise InvalidRequest(f"There is no revision {to!r}.", hint=f"Known: {', '.join(revisions())}.")
    from alembic import command  # noqa: PLC0415 - as above

    await _migrate(database, lambda config: command.downgrade(config, to or "base"))


def _current(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


async def _migrate(database: Database, step: Callable[["Config"], None]) -> str | None:
    """Run `step` in one transaction and return the revision found when its turn came."""

    def migrate(connection: Connection) -> str | None:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        before = _current(connection)
        step(_config(connection))
        return before

    return await database.rebuild(migrate)


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "ultra.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
