"""Browser sessions."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, insert, select, update

from ultra.domain.access import AuditEntry, Session, User
from ultra.domain.errors import NotFound
from ultra.store.account_tables import SESSIONS, USERS
from ultra.store.accounts import columns_of, fields_of, lock_user, raise_version, user_from, void
from ultra.store.audit import write_entry
from ultra.store.database import Database
from ultra.system import System

_WITH_USER = (
    select(SESSIONS, USERS)
    .join(USERS, USERS.c.id == SESSIONS.c.user_id)
    .where(SESSIONS.c.id_hash == bindparam("wanted"))
)
"""Asked with every request of a browser, and therefore put together once."""


class StoredSessions:
    """Keeps `access.Sessions`. `idle_s` is how long one may stay unused: after that it counts as ended here too."""

    def __init__(self, *, database: Database, system: System, idle_s: float = 1800.0) -> None:
        self._database = database
        self._system = system
        self._idle = timedelta(seconds=idle_s)

    async def create(self, session: Session, audit: AuditEntry, *, most: int) -> None:
        """Keep a session; the user's oldest beyond `most` end. Raises `NotFound` when the user is gone.

        Of those that have ended the newest `most` rows stay, so that a user never has more than twice that.
        """
        now = self._system.now()

        def keep(connection: Connection) -> None:
            if lock_user(connection, session.user_id) is None:
                raise NotFound("There is no such user.")
            connection.execute(insert(SESSIONS).values(fields_of(session)))
            surplus = connection.scalars(_newest_first(session.user_id).where(self._is_live(now)).offset(most)).all()
            if surplus:
                connection.execute(update(SESSIONS).where(SESSIONS.c.id_hash.in_(surplus)).values(revoked_at=now))
                raise_version(connection, session.user_id)
            over = connection.scalars(_newest_first(session.user_id).where(~self._is_live(now)).offset(most)).all()
            if over:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.id_hash.in_(over)))
            write_entry(connection, audit, system=self._system)

        await self._database.write(keep)

    async def get(self, id_hash: str) -> tuple[Session, User] | None:
        """Return a session and its user, revoked, expired or disabled ones too; the caller judges."""
        row = await self._database.read(
            lambda connection: connection.execute(_WITH_USER, {"wanted": id_hash}).mappings().first()
        )
        return None if row is None else (Session(**columns_of(row, SESSIONS)), user_from(row))

    async def touch(self, id_hash: str, at: datetime) -> None:
        """Remember when it, and so its user, was last used; an ended one stays as it is."""
        mine = (SESSIONS.c.id_hash == id_hash, SESSIONS.c.revoked_at.is_(None), SESSIONS.c.seen_at < at)
        user = select(SESSIONS.c.user_id).where(*mine).scalar_subquery()

        def remember(connection: Connection) -> None:
            connection.execute(update(USERS).where(USERS.c.id == user).values(last_seen_at=at))
            connection.execute(update(SESSIONS).where(*mine).values(seen_at=at))

        await self._database.write(remember)

    async def of(self, user_id: str) -> tuple[Session, ...]:
        """Return the user's live sessions, newest first."""
        wanted = select(SESSIONS).where(SESSIONS.c.user_id == user_id, self._is_live(self._system.now()))
        newest = wanted.order_by(SESSIONS.c.created_at.desc(), SESSIONS.c.public_id.desc())
        rows = await self._database.read(lambda connection: connection.execute(newest).mappings().all())
        return tuple(Session(**columns_of(row, SESSIONS)) for row in rows)

    async def revoke(self, public_id: str | None, audit: AuditEntry, *, owner: str) -> int:
        """End one session, or with None all of that owner; returns how many ended."""
        now = self._system.now()
        ending = update(SESSIONS).where(SESSIONS.c.user_id == owner, self._is_live(now)).values(revoked_at=now)
        if public_id is not None:
            ending = ending.where(SESSIONS.c.public_id == public_id)

        return await self._database.write(
            lambda connection: void(connection, ending, audit, owner=owner, system=self._system)
        )

    def _is_live(self, now: datetime) -> ColumnElement[bool]:
        return and_(SESSIONS.c.revoked_at.is_(None), SESSIONS.c.expires_at > now, SESSIONS.c.seen_at > now - self._idle)


def _newest_first(user_id: str) -> Select[tuple[str]]:
    """Return the query for the hashes of a user's sessions."""
    mine = select(SESSIONS.c.id_hash).where(SESSIONS.c.user_id == user_id)
    return mine.order_by(SESSIONS.c.created_at.desc(), SESSIONS.c.public_id.desc())
