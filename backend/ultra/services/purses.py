"""Whose money a call is: the user's budgets, and those of the key it is made with."""

from collections.abc import Iterator, Sequence

from ultra.domain.access import Keys, Users
from ultra.domain.identity import Allowance
from ultra.domain.limits import Purse
from ultra.system import System

_FRESH_S = 5.0
_MOST = 10_000


class AccountPurses:
    """Keeps the promise `Purses` from the stores of accounts; a changed budget counts after five seconds at most."""

    def __init__(self, *, users: Users, keys: Keys, system: System) -> None:
        self._users = users
        self._keys = keys
        self._system = system
        self._known: dict[tuple[str, str | None], tuple[float, Sequence[Purse]]] = {}

    async def of(self, principal: str, credential_id: str | None) -> Sequence[Purse]:
        """Return the purses of a user, and of the key that is used."""
        now = self._system.monotonic()
        until, purses = self._known.get((principal, credential_id), (0.0, ()))
        if now < until:
            return purses
        purses = (*await self._of_user(principal), *await self._of_key(principal, credential_id))
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[principal, credential_id] = (now + _FRESH_S, purses)
        return purses

    async def _of_user(self, principal: str) -> tuple[Purse, ...]:
        user = await self._users.get(principal)
        return () if user is None else tuple(_purses(f"user:{user.id}", user.allowance))

    async def _of_key(self, principal: str, credential_id: str | None) -> tuple[Purse, ...]:
        if credential_id is None or not credential_id.startswith("key_"):
            return ()
        key = await self._keys.get(credential_id, owner=principal)
        return () if key is None else tuple(_purses(f"key:{key.id}", key.allowance))


def _purses(key: str, allowance: Allowance) -> Iterator[Purse]:
    if allowance.daily_budget_usd is not None:
        yield Purse(key, "day", allowance.daily_budget_usd)
    if allowance.monthly_budget_usd is not None:
        yield Purse(key, "month", allowance.monthly_budget_usd)
