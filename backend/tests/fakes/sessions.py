"""Browser sessions in a dictionary."""

from dataclasses import replace
from datetime import datetime, timedelta

from tests.fakes.users import FakeUsers
from ultra.domain.access import AuditEntry, Session, User
from ultra.domain.errors import NotFound


class FakeSessions:
    """Keeps the promise of `Sessions`, beside the users it is given."""

    def __init__(self, *, users: FakeUsers, idle_s: float = 1800.0) -> None:
        self.rows: dict[str, Session] = {}
        self._users = users
        self._idle = timedelta(seconds=idle_s)
        users.ending.append(lambda user_id: self._end(owner=user_id))
        users.leaving.append(self._forget)

    async def create(self, session: Session, audit: AuditEntry, *, most: int) -> None:
        """Keep a session; the oldest beyond `most` end."""
        if session.user_id not in self._users.rows:
            raise NotFound("There is no such user.")
        self.rows[session.id_hash] = session
        surplus = (await self.of(session.user_id))[most:]
        for each in surplus:
            self.rows[each.id_hash] = replace(each, revoked_at=self._users.system.now())
        if surplus:
            self._users.raise_version(session.user_id)
        self._users.audit.note(audit)

    async def get(self, id_hash: str) -> tuple[Session, User] | None:
        """Return a session and its user."""
        session = self.rows.get(id_hash)
        return None if session is None else (session, self._users.rows[session.user_id])

    async def touch(self, id_hash: str, at: datetime) -> None:
        """Remember when it was last used."""
        session = self.rows.get(id_hash)
        if session is not None and session.revoked_at is None and at > session.seen_at:
            self.rows[id_hash] = replace(session, seen_at=at)
            user = self._users.rows[session.user_id]
            self._users.rows[user.id] = replace(user, last_seen_at=at)

    async def of(self, user_id: str) -> tuple[Session, ...]:
        """Return live sessions, newest first."""
        live = [each for each in self.rows.values() if each.user_id == user_id and self._is_live(each)]
        return tuple(sorted(live, key=lambda each: (each.created_at, each.public_id), reverse=True))

    async def revoke(self, public_id: str | None, audit: AuditEntry, *, owner: str) -> int:
        """End one session or all."""
        ended = self._end(owner=owner, public_id=public_id)
        if ended:
            self._users.raise_version(owner)
            self._users.audit.note(audit)
        return ended

    def _is_live(self, session: Session) -> bool:
        now = self._users.system.now()
        return session.revoked_at is None and session.expires_at > now and session.seen_at + self._idle > now

    def _end(self, *, owner: str, public_id: str | None = None) -> int:
        ended = [
            each
            for each in self.rows.values()
            if each.user_id == owner and public_id in (None, each.public_id) and self._is_live(each)
        ]
        for each in ended:
            self.rows[each.id_hash] = replace(each, revoked_at=self._users.system.now())
        return len(ended)

    def _forget(self, user_id: str) -> None:
        self.rows = {key: each for key, each in self.rows.items() if each.user_id != user_id}
