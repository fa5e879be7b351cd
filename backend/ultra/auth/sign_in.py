"""Signing in and out, with a password: browsers get a session, programs a pair of tokens.

Every refusal reads the same and costs the same, whether the user is unknown, disabled, without a password, or mistyped.
How often somebody may try is the limiter's to say, before this is asked.
"""

import re
from dataclasses import dataclass, field, replace

from ultra.auth.passwords import Passwords
from ultra.auth.refresh import RefreshTokens
from ultra.auth.refusals import Refusals
from ultra.auth.sessions import BrowserSessions, OpenedSession
from ultra.auth.tokens import LIFETIME_S, AccessTokens
from ultra.domain.access import AuditEntry, Sessions, Tokens, User, Users
from ultra.domain.errors import Unauthenticated
from ultra.domain.identity import Principal

USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
"""Letters, digits and a few signs of ASCII: names that look alike are alike."""
WRONG = "The username or the password is not right."
REFUSED = "The refresh token is not valid."


@dataclass(frozen=True, slots=True)
class Source:
    """Where a request came from, for the audit and for the list of sessions."""

    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    device: str | None = field(default=None, repr=False)
    """What a browser brings as proof that it was here before; not judged yet."""
    session: str | None = field(default=None, repr=False)
    """The session's cookie that came along, whosever and however good."""

    def entry(self, action: str, *, actor: str | None, target: str | None = None, **facts: str) -> AuditEntry:
        """Return the audit's entry of something that is being done."""
        return AuditEntry(
            action=action,
            outcome="done",
            actor=actor,
            target=target,
            address=self.address,
            request_id=self.request_id,
            facts=facts,
        )


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What an API client gets: a token to call with, good for `expires_in` seconds, and one to get the next pair."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int = LIFETIME_S


class SignIn:
    """Proves passwords and begins sessions and token families; ends them again."""

    def __init__(
        self,
        *,
        users: Users,
        sessions: Sessions,
        tokens: Tokens,
        passwords: Passwords,
        browser_sessions: BrowserSessions,
        refresh_tokens: RefreshTokens,
        access_tokens: AccessTokens,
        refusals: Refusals,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._tokens = tokens
        self._passwords = passwords
        self._browser_sessions = browser_sessions
        self._refresh_tokens = refresh_tokens
        self._access_tokens = access_tokens
        self._refusals = refusals

    async def open_session(self, username: str, password: str, *, source: Source) -> OpenedSession:
        """Sign a browser in; raises `Unauthenticated`, or `Overloaded` when too many sign in at once."""
        user = await self._proved(username, password, source)
        entry = source.entry("sign_in", actor=user.id, to="session")
        return await self._browser_sessions.open(user, entry, address=source.address, user_agent=source.user_agent)

    async def supersede(self, opened: OpenedSession, *, source: Source) -> None:
        """End the session that a browser came with, now that it has another: whoever else knows it is signed out."""
        found = None if source.session is None else await self._browser_sessions.find(source.session)
        if found is not None:
            session, user = found
            entry = source.entry("session.end", actor=opened.user.id, target=session.public_id, because="sign_in")
            await self._sessions.revoke(session.public_id, replace(entry, credential="session"), owner=user.id)

    async def open_tokens(self, username: str, password: str, *, source: Source) -> TokenPair:
        """Sign a program in; raises as `open_session` does."""
        user = await self._proved(username, password, source)
        family, text = await self._refresh_tokens.begin(user.id, source.entry("sign_in", actor=user.id, to="token"))
        access = self._access_tokens.issue(user_id=user.id, family_id=family.id, version=user.version)
        return TokenPair(access, text)

    async def refresh(self, refresh_token: str, *, source: Source) -> TokenPair:
        """Exchange a refresh token for the next pair; raises `Unauthenticated`.

        A token that was used before ends its whole family, unless its answer was lost a few seconds ago.
        """
        earlier = await self._refresh_tokens.family_of(refresh_token)
        actor = None if earlier is None else earlier.user_id
        entry = source.entry("token.refresh", actor=actor, target=None if earlier is None else earlier.id)
        done = await self._refresh_tokens.exchange(refresh_token, entry)
        found = None if done.family is None or done.text is None else await self._tokens.family(done.family.id)
        if found is None or done.text is None or found[0].revoked_at is not None or found[1].disabled_at is not None:
            if done.outcome != "reused":  # the store has written that one, together with the family's end
                await self._refuse("token_rejected", cause=f"refresh_{done.outcome}", actor=actor, source=source)
            raise Unauthenticated(REFUSED)
        family, user = found
        access = self._access_tokens.issue(user_id=user.id, family_id=family.id, version=user.version)
        return TokenPair(access, done.text)

    async def revoke(self, refresh_token: str, *, source: Source) -> None:
        """End the family of a refresh token, used or not; one that is unknown has nothing to end (RFC 7009)."""
        family = await self._refresh_tokens.family_of(refresh_token)
        if family is not None:
            entry = source.entry("sign_out", actor=family.user_id, target=family.id)
            await self._tokens.revoke(family.id, entry, owner=family.user_id)

    async def sign_out(self, principal: Principal, *, source: Source) -> bool:
        """End the session or token family that a principal came with; False when it came with neither."""
        entry = replace(
            source.entry("sign_out", actor=principal.id, target=principal.credential_id),
            credential=principal.credential,
        )
        if principal.credential_id is None:
            return False
        if principal.credential == "session":
            return await self._sessions.revoke(principal.credential_id, entry, owner=principal.id) > 0
        if principal.credential == "token":
            return await self._tokens.revoke(principal.credential_id, entry, owner=principal.id) > 0
        return False

    async def _proved(self, username: str, password: str, source: Source) -> User:
        user = await self._users.by_name(username) if USERNAME.fullmatch(username) else None
        kept = None if user is None else user.password_hash
        is_right = await self._passwords.verify(kept, password)
        if user is None or kept is None or not is_right or user.disabled_at is not None:
            cause = "unknown" if user is None else "password" if not is_right else "disabled"
            actor = None if user is None else user.id
            await self._refuse("sign_in", cause=cause, actor=actor, source=source)
            raise Unauthenticated(WRONG)
        if self._passwords.needs_rehash(kept):
            await self._users.rehash(user.id, kept=kept, password_hash=await self._passwords.hash(password))
        return user

    async def _refuse(self, action: str, *, cause: str, actor: str | None, source: Source) -> None:
        await self._refusals.write(
            action, cause=cause, actor=actor, address=source.address, request_id=source.request_id
        )
