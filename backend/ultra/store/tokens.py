"""Refresh tokens, each good for one use, and the lineages they form."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from sqlalchemy import Connection, insert, select, update

from ultra.domain.access import AuditEntry, RefreshToken, TokenFamily, User
from ultra.domain.errors import NotFound
from ultra.store.account_tables import REFRESH_TOKENS, TOKEN_FAMILIES, USERS
from ultra.store.accounts import columns_of, fields_of, lock_user, raise_version, user_from, void
from ultra.store.audit import write_entry
from ultra.store.database import Database
from ultra.system import System

REUSED = "token.reused"
"""The action in the audit when a token came a second time, too late or after its successor was used."""

_Exchange: TypeAlias = tuple[Literal["new", "repeated", "reused", "unknown"], TokenFamily | None, RefreshToken | None]


class StoredTokens:
    """Keeps `access.Tokens`."""

    def __init__(self, *, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    async def begin(self, family: TokenFamily, first: RefreshToken, audit: AuditEntry) -> None:
        """Keep a new family with its first token; raises `NotFound` when the user is gone."""

        def keep(connection: Connection) -> None:
            if lock_user(connection, family.user_id) is None:
                raise NotFound("There is no such user.")
            connection.execute(insert(TOKEN_FAMILIES).values(fields_of(family)))
            connection.execute(insert(REFRESH_TOKENS).values(fields_of(replace(first, family_id=family.id))))
            write_entry(connection, audit, system=self._system)

        await self._database.write(keep)

    async def family(self, family_id: str) -> tuple[TokenFamily, User] | None:
        """Return a family and its user."""
        wanted = select(TOKEN_FAMILIES, USERS).join(USERS, USERS.c.id == TOKEN_FAMILIES.c.user_id)
        mine = wanted.where(TOKEN_FAMILIES.c.id == family_id)
        row = await self._database.read(lambda connection: connection.execute(mine).mappings().first())
        return None if row is None else (TokenFamily(**columns_of(row, TOKEN_FAMILIES)), user_from(row))

    async def exchange(
        self, token_hash: str, successor: RefreshToken, *, at: datetime, grace_s: float, audit: AuditEntry
    ) -> _Exchange:
        """Use a token once, atomically, and keep its successor; see `access.Tokens`.

        A reuse is written into the audit as `token.reused`, by whoever `audit` names. A repeated and an unknown one
        change nothing and write nothing.
        """

        def exchange(connection: Connection) -> _Exchange:
            family = _family_of(connection, token_hash, lock=True)
            if family is None or family.revoked_at is not None or family.expires_at <= at:
                return "unknown", None, None
            kept = replace(successor, family_id=family.id, sealed_successor=None)
            if _use(connection, token_hash, successor, at=at):
                connection.execute(insert(REFRESH_TOKENS).values(fields_of(kept)))
                write_entry(connection, audit, system=self._system)
                return "new", family, kept
            token = _token(connection, token_hash)
            if _is_retry(connection, token, at=at, grace=timedelta(seconds=grace_s)):
                return "repeated", family, token
            return "reused", self._revoke_reused(connection, family, audit, at=at), None

        return await self._database.write(exchange)

    async def revoke(self, family_id: str | None, audit: AuditEntry, *, owner: str) -> int:
        """End one family, or with None all of that owner; returns how many ended."""
        now = self._system.now()
        live = (
            TOKEN_FAMILIES.c.user_id == owner,
            TOKEN_FAMILIES.c.revoked_at.is_(None),
            TOKEN_FAMILIES.c.expires_at > now,
        )
        ending = update(TOKEN_FAMILIES).where(*live).values(revoked_at=now, revoked_because="revoked")
        if family_id is not None:
            ending = ending.where(TOKEN_FAMILIES.c.id == family_id)

        return await self._database.write(
            lambda connection: void(connection, ending, audit, owner=owner, system=self._system)
        )

    async def family_of(self, token_hash: str) -> TokenFamily | None:
        """Return the family a refresh token belongs to."""
        return await self._database.read(lambda connection: _family_of(connection, token_hash))

    def _revoke_reused(
        self, connection: Connection, family: TokenFamily, audit: AuditEntry, *, at: datetime
    ) -> TokenFamily:
        revoked = replace(family, revoked_at=at, revoked_because="reuse")
        ending = update(TOKEN_FAMILIES).where(TOKEN_FAMILIES.c.id == family.id)
        connection.execute(ending.values(revoked_at=revoked.revoked_at, revoked_because=revoked.revoked_because))
        raise_version(connection, family.user_id)
        entry = replace(audit, action=REUSED, outcome="refused", target=family.id)
        write_entry(connection, entry, system=self._system)
        return revoked


def _family_of(connection: Connection, token_hash: str, *, lock: bool = False) -> TokenFamily | None:
    """Find the family of a token; `lock` keeps other changes of its user waiting from then on."""
    wanted = select(TOKEN_FAMILIES).join(REFRESH_TOKENS, REFRESH_TOKENS.c.family_id == TOKEN_FAMILIES.c.id)
    wanted = wanted.where(REFRESH_TOKENS.c.hash == token_hash)
    row = connection.execute(wanted).mappings().first()
    if row is not None and lock:
        lock_user(connection, row[TOKEN_FAMILIES.c.user_id])
        row = connection.execute(wanted).mappings().first()  # what it says now that nobody else changes it
    return None if row is None else TokenFamily(**columns_of(row, TOKEN_FAMILIES))


def _use(connection: Connection, token_hash: str, successor: RefreshToken, *, at: datetime) -> bool:
    unused = update(REFRESH_TOKENS).where(REFRESH_TOKENS.c.hash == token_hash, REFRESH_TOKENS.c.used_at.is_(None))
    used = unused.values(
        used_at=at, successor_hash=successor.hash, sealed_successor=successor.sealed_successor
    ).returning(REFRESH_TOKENS.c.hash)
    return connection.scalar(used) is not None


def _token(connection: Connection, token_hash: str) -> RefreshToken:
    wanted = select(REFRESH_TOKENS).where(REFRESH_TOKENS.c.hash == token_hash)
    return RefreshToken(**columns_of(connection.execute(wanted).mappings().one(), REFRESH_TOKENS))


def _is_retry(connection: Connection, token: RefreshToken, *, at: datetime, grace: timedelta) -> bool:
    if token.used_at is None or token.successor_hash is None or at >= token.used_at + grace:
        return False
    return _token(connection, token.successor_hash).used_at is None
