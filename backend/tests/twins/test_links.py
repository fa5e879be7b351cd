"""One-time links, on both databases and in memory."""

import asyncio
from typing import Literal

from tests.twins.accounts import Accounts, enrol, entry
from ultra.domain.access import SignInLink


def link(accounts: Accounts, name: str, purpose: Literal["sign-in", "reset"] = "reset") -> SignInLink:
    """Describe a link that is good for ten minutes."""
    return SignInLink(name, "user_ada", purpose, accounts.now, accounts.later(600))


async def test_a_link_is_good_once(accounts: Accounts) -> None:
    """Of many who come with it at once, one gets in."""
    user = await enrol(accounts)
    kept = link(accounts, "a")
    await accounts.links.create(kept, entry("link.create"))
    redeemed = await asyncio.gather(*(accounts.links.redeem("a", at=accounts.now) for _ in range(10)))
    assert [each for each in redeemed if each is not None] == [(kept, user)]
    assert await accounts.links.redeem("a", at=accounts.now) is None
    assert await accounts.actions() == ["user.create", "link.create"]


async def test_a_link_ends_by_time_and_by_a_later_one(accounts: Accounts) -> None:
    """One for another purpose does not end it."""
    await enrol(accounts)
    for name, purpose in (("a", "reset"), ("b", "sign-in"), ("c", "reset")):
        await accounts.links.create(link(accounts, name, purpose), entry())
    assert await accounts.links.redeem("a", at=accounts.now) is None
    assert await accounts.links.redeem("b", at=accounts.now) is not None
    assert await accounts.links.redeem("c", at=accounts.later(601)) is None
    assert await accounts.links.redeem("never", at=accounts.now) is None
