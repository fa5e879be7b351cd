"""Nonces that are good once, on both databases and in memory."""

import asyncio

from tests.twins.accounts import Accounts
from tests.twins.shelf import ShiftedSystem
from ultra.store.database import open_database
from ultra.store.nonces import StoredNonces


async def test_a_nonce_is_good_once(accounts: Accounts) -> None:
    """Of many who come with it at once, one has it; another nonce is not concerned."""
    nonces, until = accounts.nonces, accounts.later(30)
    spent = await asyncio.gather(*(nonces.spend("a", until=until, at=accounts.now) for _ in range(10)))
    assert sorted(spent) == [False] * 9 + [True]
    assert await nonces.spend("b", until=until, at=accounts.now)


async def test_a_nonce_is_free_when_its_time_is_over(accounts: Accounts) -> None:
    """Not a moment before, and then it is used up again."""
    nonces, until = accounts.nonces, accounts.later(30)
    assert await nonces.spend("a", until=until, at=accounts.now)
    assert not await nonces.spend("a", until=accounts.later(60), at=accounts.later(29))
    assert await nonces.spend("a", until=accounts.later(90), at=accounts.later(31))
    assert not await nonces.spend("a", until=accounts.later(90), at=accounts.later(32))


async def test_every_worker_sees_it(database_url: str, system: ShiftedSystem) -> None:
    """What one connection has used up is used up for every other."""
    async with (
        open_database(url=database_url, system=system) as here,
        open_database(url=database_url, system=system) as there,
    ):
        at, until = system.now(), system.now().replace(year=2100)
        assert await StoredNonces(database=here).spend("a", until=until, at=at)
        assert not await StoredNonces(database=there).spend("a", until=until, at=at)
