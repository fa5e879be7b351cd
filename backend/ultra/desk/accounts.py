"""Accounts: coming in, going out, one's own password and sessions, and what administrators do with users."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ultra.auth.sessions import OpenedSession
from ultra.auth.sign_in import Source, TokenPair
from ultra.desk.throttle import Throttle
from ultra.domain.access import AuditEntry, Session, User
from ultra.domain.errors import NotFound
from ultra.domain.identity import Allowance, Principal, Role
from ultra.domain.records import decimal_to_json
from ultra.services.access import Access


class AccountDesk:
    """What callers may do with accounts. Who may call what was decided at the gate; whose it is, is decided here."""

    def __init__(self, access: Access, throttle: Throttle) -> None:
        self._access = access
        self._throttle = throttle

    async def sign_in(self, username: str, password: str, *, source: Source) -> OpenedSession:
        """Begin a browser session; raises `Unauthenticated`, or `RateLimited` after too many failures.

        The session that the browser had until now ends.
        """
        device = self._access.devices.recognise(username, source.device)
        async with self._throttle.attempt(username, source.address, device=device):
            opened = await self._access.sign_in.open_session(username, password, source=source)
        await self._access.sign_in.supersede(opened, source=source)
        return opened

    async def sign_in_by_link(self, link: str, *, source: Source) -> OpenedSession:
        """Begin a browser session with a one-time link; the one that the browser had until now ends."""
        async with self._throttle.attempt(None, source.address):
            opened = await self._access.accounts.sign_in_by_link(link, source=source)
        await self._access.sign_in.supersede(opened, source=source)
        return opened

    async def tokens(self, username: str, password: str, *, source: Source) -> TokenPair:
        """Begin a token family for a program."""
        async with self._throttle.attempt(username, source.address):
            return await self._access.sign_in.open_tokens(username, password, source=source)

    async def refresh(self, refresh_token: str, *, source: Source) -> TokenPair:
        """Exchange a refresh token for the next pair."""
        async with self._throttle.attempt(None, source.address):
            return await self._access.sign_in.refresh(refresh_token, source=source)

    async def revoke(self, refresh_token: str, *, source: Source) -> None:
        """End a token family; one that is unknown has nothing to end."""
        await self._access.sign_in.revoke(refresh_token, source=source)

    async def sign_out(self, principal: Principal, *, source: Source) -> None:
        """End the session or token family the caller came with."""
        if not await self._access.sign_in.sign_out(principal, source=source):
            raise NotFound("There is no session to end.", hint="API keys are ended with DELETE /api/keys/{id}.")

    async def me(self, principal: Principal) -> dict[str, Any]:
        """Return who the caller is, and what they may do as they are signed in now."""
        return {
            "id": principal.id,
            "username": principal.name,
            "role": principal.role,
            "credential": principal.credential,
            "permissions": sorted(principal.permissions),
            "models": None if principal.models is None else list(principal.models),
            "store": principal.stores,
        }

    async def sessions(self, principal: Principal) -> list[dict[str, Any]]:
        """Return the caller's live browser sessions."""
        found = await self._access.stores.sessions.of(principal.id)
        return [_session(each, current=each.public_id == principal.credential_id) for each in found]

    async def end_sessions(self, principal: Principal, public_id: str | None, *, source: Source) -> int:
        """End one of the caller's sessions, or all of them; raises `NotFound`."""
        entry = _by(principal, source.entry("session.end", actor=principal.id, target=public_id))
        ended = await self._access.stores.sessions.revoke(public_id, entry, owner=principal.id)
        if public_id is not None and not ended:
            raise NotFound("There is no such session.")
        if public_id is None:
            family_entry = _by(principal, source.entry("token.end", actor=principal.id))
            ended += await self._access.stores.tokens.revoke(None, family_entry, owner=principal.id)
        return ended

    async def change_password(
        self, principal: Principal, *, old: str | None, wanted: str, source: Source
    ) -> OpenedSession | None:
        """Set another password; everything the caller was signed in with ends, a browser gets a fresh session."""
        async with self._throttle.attempt(principal.name, source.address):
            return await self._access.accounts.change_password(principal, old=old, wanted=wanted, source=source)

    async def reset_password(self, link: str, password: str, *, source: Source) -> None:
        """Set a password with a one-time link."""
        async with self._throttle.attempt(None, source.address):
            await self._access.accounts.reset_password(link, password, source=source)

    # --- administrators -----------------------------------------------------------------------------------------------

    async def users(self, *, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """Return users by name, and the cursor of the next page."""
        found, following = await self._access.stores.users.all(limit=limit, cursor=cursor)
        return [user_shown(each) for each in found], following

    async def user(self, user_id: str) -> dict[str, Any]:
        """Return one user."""
        found = await self._access.stores.users.get(user_id)
        if found is None:
            raise _no_user()
        return user_shown(found)

    async def create_user(
        self,
        principal: Principal,
        *,
        username: str,
        role: Role,
        password: str | None,
        allowance: Allowance,
        source: Source,
    ) -> tuple[dict[str, Any], str | None]:
        """Make a user; without a password they get a one-time link, which is returned once."""
        accounts = self._access.accounts
        user = await accounts.create_user(
            username, role, password=password, actor=principal, source=source, allowance=allowance
        )
        link = None if password else await accounts.hand_out(user.id, "reset", actor=principal, source=source)
        return user_shown(user), link

    async def change_user(
        self, principal: Principal, user_id: str, *, changes: Mapping[str, Any], source: Source
    ) -> dict[str, Any]:
        """Change role, allowance or whether the user is disabled; it counts from their next request on."""
        facts = {name: str(value) for name, value in changes.items() if name != "allowance"}
        entry = _by(principal, source.entry("user.change", actor=principal.id, target=user_id, **facts))
        changed = await self._access.stores.users.change(user_id, entry, **changes)
        if changed is None:
            raise _no_user()
        return user_shown(changed)

    async def reset_link(self, principal: Principal, user_id: str, *, source: Source) -> str:
        """Hand out a one-time link with which the user sets a new password."""
        return await self._access.accounts.hand_out(user_id, "reset", actor=principal, source=source)

    async def delete_user(self, principal: Principal, user_id: str, *, source: Source) -> None:
        """Remove a user with everything that is theirs."""
        entry = _by(principal, source.entry("user.delete", actor=principal.id, target=user_id))
        if not await self._access.stores.users.delete(user_id, entry):
            raise _no_user()


def user_shown(user: User) -> dict[str, Any]:
    """Return a user as administrators see them; nothing that could be used to sign in."""
    allowance = user.allowance
    return {
        "id": user.id,
        "username": user.username,
        "role": user.role,
        "created_at": user.created_at.isoformat(),
        "disabled_at": _stamp(user.disabled_at),
        "last_seen_at": _stamp(user.last_seen_at),
        "has_password": user.password_hash is not None,
        "allowance": allowance_shown(allowance),
    }


def allowance_shown(allowance: Allowance) -> dict[str, Any]:
    """Return what may be used at most; null is the server's own default."""
    return {
        "requests_per_minute": allowance.requests_per_minute,
        "tokens_per_minute": allowance.tokens_per_minute,
        "concurrency": allowance.concurrency,
        "daily_budget_usd": decimal_to_json(allowance.daily_budget_usd),
        "monthly_budget_usd": decimal_to_json(allowance.monthly_budget_usd),
    }


def _session(session: Session, *, current: bool) -> dict[str, Any]:
    return {
        "id": session.public_id,
        "current": current,
        "created_at": session.created_at.isoformat(),
        "seen_at": session.seen_at.isoformat(),
        "expires_at": session.expires_at.isoformat(),
        "address": session.address,
        "user_agent": session.user_agent,
    }


def _by(principal: Principal, entry: AuditEntry) -> AuditEntry:
    return replace(entry, credential=principal.credential)


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _no_user() -> NotFound:
    return NotFound("There is no such user.")
