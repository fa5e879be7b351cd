"""One-time ways in."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from ultra.domain.access import AuditEntry, SignInLink, User
from ultra.domain.errors import NotFound
from ultra.store.account_tables import SIGN_IN_LINKS, USERS
from ultra.store.accounts import columns_of, fields_of, lock_user, user_from
from ultra.store.audit import write_entry
from ultra.store.database import Database
from ultra.system import System


class StoredLinks:
    """Keeps `access.SignInLinks`."""

    def __init__(self, *, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    async def create(self, link: SignInLink, audit: AuditEntry) -> None:
        """Keep a link; earlier ones of the same user and purpose end. Raises `NotFound` when the user is gone."""
        earlier = delete(SIGN_IN_LINKS).where(
            SIGN_IN_LINKS.c.user_id == link.user_id, SIGN_IN_LINKS.c.purpose == link.purpose
        )

        def keep(connection: Connection) -> None:
            if lock_user(connection, link.user_id) is None:
                raise NotFound("There is no such user.")
            connection.execute(earlier)
            connection.execute(insert(SIGN_IN_LINKS).values(fields_of(link)))
            write_entry(connection, audit, system=self._system)

        await self._database.write(keep)

    async def redeem(self, link_hash: str, *, at: datetime) -> tuple[SignInLink, User] | None:
        """Use a link up, atomically; None when it is unknown, used or expired."""
        taken = delete(SIGN_IN_LINKS).where(SIGN_IN_LINKS.c.hash == link_hash, SIGN_IN_LINKS.c.expires_at > at)

        def redeem(connection: Connection) -> tuple[SignInLink, User] | None:
            row = connection.execute(taken.returning(*SIGN_IN_LINKS.c)).mappings().first()
            if row is None:
                return None
            link = SignInLink(**columns_of(row, SIGN_IN_LINKS))
            user = connection.execute(select(USERS).where(USERS.c.id == link.user_id)).mappings().one()
            return link, user_from(user)

        return await self._database.write(redeem)
