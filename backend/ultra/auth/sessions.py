"""Browser sessions: an opaque id in a cookie, its SHA-256 in the store; what makes one live, and keeping it so."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from ultra.auth.encodings import fingerprint
from ultra.domain.access import AuditEntry, Session, Sessions, User
from ultra.system import System

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
MOST = 20
"""Sessions a user can have; the oldest ends when one more begins."""

_MOST_AGENT = 200

Cause: TypeAlias = Literal["unknown", "revoked", "expired", "idle", "disabled"]
"""Why a session is not good; for the audit."""


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session that has just begun, and the cookie's value, which nobody can find out later."""

    session: Session
    user: User
    text: str = field(repr=False)


class BrowserSessions:
    """Opens, finds and keeps sessions."""

    def __init__(self, *, store: Sessions, system: System) -> None:
        self._store = store
        self._system = system

    async def open(
        self, user: User, audit: AuditEntry, *, address: str | None = None, user_agent: str | None = None
    ) -> OpenedSession:
        """Begin a session under an id that never existed before, whatever cookie came with the request."""
        text = self._system.token()
        now = self._system.now()
        session = Session(
            public_id=self._system.new_id("session"),
            id_hash=fingerprint(text),
            user_id=user.id,
            created_at=now,
            seen_at=now,
            expires_at=now + ABSOLUTE,
            address=address,
            user_agent=_printable(user_agent),
        )
        await self._store.create(session, audit, most=MOST)
        return OpenedSession(session, user, text)

    async def find(self, text: str) -> tuple[Session, User] | None:
        """Return the session of a cookie's value, live or not, and its user; `judge` says whether it is good."""
        return await self._store.get(fingerprint(text))

    async def keep(self, session: Session) -> None:
        """Remember that a live session was used, at most once a minute."""
        now = self._system.now()
        if now - session.seen_at >= TOUCH_EVERY:
            await self._store.touch(session.id_hash, now)


def judge(session: Session, user: User, *, now: datetime) -> Cause | None:
    """Return why a session is not good at that time, or None."""
    if user.disabled_at is not None:
        return "disabled"
    if session.revoked_at is not None:
        return "revoked"
    if session.expires_at <= now:
        return "expired"
    return "idle" if session.seen_at + IDLE <= now else None


def _printable(user_agent: str | None) -> str | None:
    """Return what a browser calls itself, short and without characters that could forge a line somewhere."""
    if user_agent is None:
        return None
    return "".join(character for character in user_agent if character.isprintable())[:_MOST_AGENT]
