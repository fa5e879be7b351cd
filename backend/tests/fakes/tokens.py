"""Refresh tokens and their families in dictionaries."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from tests.fakes.users import FakeUsers
from ultra.domain.access import AuditEntry, RefreshToken, TokenFamily, User
from ultra.domain.errors import NotFound


class FakeTokens:
    """Keeps the promise of `Tokens`, beside the users it is given."""

    def __init__(self, *, users: FakeUsers) -> None:
        self.families: dict[str, TokenFamily] = {}
        self.rows: dict[str, RefreshToken] = {}
        self._users = users
        users.ending.append(lambda user_id: self._end(owner=user_id, because="user"))
        users.leaving.append(self._forget)

    async def begin(self, family: TokenFamily, first: RefreshToken, audit: AuditEntry) -> None:
        """Keep a new family."""
        if family.user_id not in self._users.rows:
            raise NotFound("There is no such user.")
        self.families[family.id] = family
        self.rows[first.hash] = replace(first, family_id=family.id)
        self._users.audit.note(audit)

    async def family(self, family_id: str) -> tuple[TokenFamily, User] | None:
        """Return a family and its user."""
        family = self.families.get(family_id)
        return None if family is None else (family, self._users.rows[family.user_id])

    async def exchange(
        self, token_hash: str, successor: RefreshToken, *, at: datetime, grace_s: float, audit: AuditEntry
    ) -> tuple[Literal["new", "repeated", "reused", "unknown"], TokenFamily | None, RefreshToken | None]:
        """Use a token once."""
        family = await self.family_of(token_hash)
        if family is None or family.revoked_at is not None or family.expires_at <= at:
            return "unknown", None, None
        token = self.rows[token_hash]
        if token.used_at is None:
            self.rows[token_hash] = replace(
                token, used_at=at, successor_hash=successor.hash, sealed_successor=successor.sealed_successor
            )
            kept = replace(successor, family_id=family.id, sealed_successor=None)
            self.rows[kept.hash] = kept
            self._users.audit.note(audit)
            return "new", family, kept
        follower = self.rows.get(token.successor_hash or "")
        is_recent = at < token.used_at + timedelta(seconds=grace_s)
        if is_recent and follower is not None and follower.used_at is None:
            return "repeated", family, token
        revoked = replace(family, revoked_at=at, revoked_because="reuse")
        self.families[family.id] = revoked
        self._users.raise_version(family.user_id)
        self._users.audit.note(replace(audit, action="token.reused", outcome="refused", target=family.id))
        return "reused", revoked, None

    async def revoke(self, family_id: str | None, audit: AuditEntry, *, owner: str) -> int:
        """End one family or all."""
        ended = self._end(owner=owner, because="revoked", family_id=family_id)
        if ended:
            self._users.raise_version(owner)
            self._users.audit.note(audit)
        return ended

    async def family_of(self, token_hash: str) -> TokenFamily | None:
        """Return the family of a token."""
        token = self.rows.get(token_hash)
        return None if token is None else self.families[token.family_id]

    def _end(self, *, owner: str, because: str, family_id: str | None = None) -> int:
        now = self._users.system.now()
        live = [
            each
            for each in self.families.values()
            if each.user_id == owner
            and family_id in (None, each.id)
            and each.revoked_at is None
            and each.expires_at > now
        ]
        for each in live:
            self.families[each.id] = replace(each, revoked_at=now, revoked_because=because)
        return len(live)

    def _forget(self, user_id: str) -> None:
        self.families = {key: each for key, each in self.families.items() if each.user_id != user_id}
        self.rows = {key: each for key, each in self.rows.items() if each.family_id in self.families}
