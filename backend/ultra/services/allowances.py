"""What a user, and the key that is used, may use at most: read from the stores of accounts, believed for a moment."""

from dataclasses import dataclass

from ultra.domain.access import ApiKey, Keys, Users
from ultra.domain.identity import Allowance
from ultra.system import System

_FRESH_S = 5.0
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Allowed:
    """The allowance of a user, None for whoever has no account, and of the key, None where none is used.

    `line` is the id under which the key is counted.
    """

    user: Allowance | None
    key: Allowance | None = None
    line: str | None = None


class Allowances:
    """Knows the allowances behind a completion; a changed one counts after five seconds at most."""

    def __init__(self, *, users: Users, keys: Keys, system: System) -> None:
        self._users = users
        self._keys = keys
        self._system = system
        self._known: dict[tuple[str, str | None], tuple[float, Allowed]] = {}

    async def of(self, principal: str, credential_id: str | None) -> Allowed:
        """Return what a user may use, and the key with that id if it is this user's."""
        now = self._system.monotonic()
        known = self._known.get((principal, credential_id))
        if known is not None and now < known[0]:
            return known[1]
        user, key = await self._of_user(principal), await self._key(principal, credential_id)
        allowed = Allowed(user) if key is None else Allowed(user, key.allowance, key.line or key.id)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[principal, credential_id] = (now + _FRESH_S, allowed)
        return allowed

    async def _of_user(self, principal: str) -> Allowance | None:
        user = await self._users.get(principal)
        return None if user is None else user.allowance

    async def _key(self, principal: str, credential_id: str | None) -> ApiKey | None:
        if credential_id is None or not credential_id.startswith("key_"):
            return None
        return await self._keys.get(credential_id, owner=principal)
