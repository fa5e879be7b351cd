"""Whose money and whose tokens a call uses: the user's, and those of the key it is made with."""

from collections.abc import Iterator, Sequence

from ultra.domain.identity import LOCAL_OPERATOR, Allowance, Principal
from ultra.domain.limits import Charge, Purse
from ultra.limits import LimitPolicy
from ultra.services.allowances import Allowances, Allowed


class AccountPurses:
    """Keeps the promise `Purses` from the allowances of accounts."""

    def __init__(self, *, allowances: Allowances) -> None:
        self._allowances = allowances

    async def of(self, principal: str, credential_id: str | None) -> Sequence[Purse]:
        """Return the purses of a user, and of the line of the key that is used."""
        allowed = await self._allowances.of(principal, credential_id)
        return (*_purses(f"user:{principal}", allowed.user), *_purses(f"key:{allowed.line}", allowed.key))


class AccountRations:
    """Keeps the promise `Rations`: the allowances of accounts, and the usual one for callers who have no account.

    The command line of this machine is not limited.
    """

    def __init__(self, *, allowances: Allowances, policy: LimitPolicy) -> None:
        self._allowances = allowances
        self._policy = policy

    async def of(self, principal: str, credential_id: str | None, tokens: int) -> Sequence[Charge]:
        """Charge a user, and the key that is used, with so many tokens."""
        if principal == LOCAL_OPERATOR.id:
            return ()
        allowed = await self._allowances.of(principal, credential_id)
        return self._policy.tokens(caller_of(principal, credential_id, allowed), tokens)


def caller_of(principal: str, credential_id: str | None, allowed: Allowed) -> Principal:
    """Return a caller as the limits know them, from what is kept of them."""
    own = allowed.user or Allowance()
    if allowed.key is None:
        return Principal(id=principal, kind="user", credential="session", allowance=own)
    return Principal(
        id=principal,
        kind="service",
        credential="key",
        credential_id=credential_id,
        line=allowed.line,
        allowance=allowed.key,
        owner_allowance=own,
    )


def _purses(key: str, allowance: Allowance | None) -> Iterator[Purse]:
    if allowance is None:
        return
    if allowance.daily_budget_usd is not None:
        yield Purse(key, "day", allowance.daily_budget_usd)
    if allowance.monthly_budget_usd is not None:
        yield Purse(key, "month", allowance.monthly_budget_usd)
