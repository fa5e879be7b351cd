"""Whether a principal is still what it was: asked again and again while a stream is open.

A version that stands says so at once. One that has grown may have grown for something else of the same user, so the
session, family or key itself is looked at, without its secret.
"""

from collections.abc import Sequence

from ultra.auth import api_keys
from ultra.auth.schemes import judge_family, of_family, of_key, of_session
from ultra.domain.access import Keys, Sessions, Tokens, Users, Versions
from ultra.domain.identity import Principal
from ultra.system import System


class Standing:
    """Finds principals that have ended. Those of the command line and of tests do not end."""

    def __init__(
        self, *, users: Users, versions: Versions, sessions: Sessions, tokens: Tokens, keys: Keys, system: System
    ) -> None:
        self._users = users
        self._versions = versions
        self._sessions = sessions
        self._tokens = tokens
        self._keys = keys
        self._system = system

    async def ended(self, principals: Sequence[Principal]) -> frozenset[int]:
        """Return the positions of those that were revoked, expired, disabled or deleted, or may do other things now.

        An access token's own ten minutes do not count: the stream goes on as long as its sign-in does.
        """
        watched = [(at, each) for at, each in enumerate(principals) if each.credential in ("session", "token", "key")]
        if not watched:
            return frozenset()
        versions = await self._versions.of(sorted({each.id for _, each in watched}))
        now = self._system.now()
        gone = set()
        for at, each in watched:
            is_over = each.expires_at is not None and each.expires_at <= now
            is_doubtful = versions.get(each.id) != each.version
            if is_over or (is_doubtful and not await self._is_as_before(each)):
                gone.add(at)
        return frozenset(gone)

    async def _is_as_before(self, principal: Principal) -> bool:
        present = await self._present(principal)
        return (
            present is not None
            and present.role is principal.role
            and present.permissions == principal.permissions
            and present.models == principal.models
        )

    async def _present(self, principal: Principal) -> Principal | None:
        """Return what the credential of a principal makes of its user now; None when it is not good any more."""
        if principal.credential == "token":
            return await self._by_family(principal)
        user = await self._users.get(principal.id)
        if user is None or user.disabled_at is not None:
            return None
        if principal.credential == "key":
            key = await self._keys.get(principal.credential_id or "", owner=user.id)
            if key is None or api_keys.judge(key, user, address=None, now=self._system.now()) not in (None, "address"):
                return None
            return of_key(key, user)
        live = await self._sessions.of(user.id)
        return next((of_session(each, user) for each in live if each.public_id == principal.credential_id), None)

    async def _by_family(self, principal: Principal) -> Principal | None:
        found = await self._tokens.family(principal.credential_id or "")
        if found is None or judge_family(*found, now=self._system.now()) is not None:
            return None
        return of_family(*found)
