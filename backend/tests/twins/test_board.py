"""Whoever's version changes is told of to other workers: before the commit, and before anybody hears of its end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import pytest

from tests.twins.accounts import Accounts, enrol, entry, key_of, link_after, open_family, open_session, stored
from tests.twins.servers import Postgres
from tests.twins.shelf import ShiftedSystem
from ultra.domain.errors import Conflict, Unavailable
from ultra.domain.identity import Allowance, Role
from ultra.store.database import Database, open_database
from ultra.store.users import StoredUsers
from ultra.system import System

ADA = "user_ada"


class Noticed:
    """A board that looks, whenever it is told of users, what others see of them at that moment."""

    def __init__(self, url: str) -> None:
        self.seen: list[tuple[str, int | None]] = []
        self.fails = False
        self._url = url

    async def doubt(self, user_ids: Sequence[str]) -> None:
        """Look."""
        async with open_database(url=self._url, system=System(), pool_size=1) as other:
            versions = await StoredUsers(database=other, system=System()).of(user_ids)
        self.seen += [(each, versions.get(each)) for each in user_ids]
        if self.fails:
            raise Unavailable("The shared counter cannot be reached.")


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    """Give the address of a PostgreSQL database with all tables."""
    yield from postgres.lend(template=postgres.template)


@pytest.fixture
async def database(url: str, system: ShiftedSystem) -> AsyncIterator[Database]:
    """Open it."""
    async with open_database(url=url, system=system) as opened:
        yield opened


@pytest.fixture
async def accounts(database: Database, system: ShiftedSystem) -> Accounts:
    """Keep accounts in it: an administrator, and Ada with a session, a family of tokens and a key."""
    found = stored(database, system)
    await enrol(found, "root", Role.ADMIN)
    await enrol(found)
    await open_session(found)
    await open_family(found)
    await found.tokens.exchange("fam_1-0", link_after(found, "b"), at=found.now, grace_s=10, audit=entry())
    await found.tokens.exchange("b", link_after(found, "c"), at=found.now, grace_s=10, audit=entry())
    await found.keys.create(key_of(found), entry())
    return found


@pytest.fixture
def board(accounts: Accounts, database: Database, url: str) -> Noticed:
    """Hang it up once everybody is there."""
    del accounts
    database.board = board = Noticed(url)
    return board


CHANGES: dict[str, Callable[[Accounts], Awaitable[object]]] = {
    "role": lambda it: it.users.change(ADA, entry(), role=Role.VIEWER),
    "disabled": lambda it: it.users.change(ADA, entry(), disabled=True),
    "password": lambda it: it.users.change(ADA, entry(), password_hash="another"),
    "allowance": lambda it: it.users.change(ADA, entry(), allowance=Allowance(concurrency=1)),
    "one session": lambda it: it.sessions.revoke("ses_user_ada_0001", entry(), owner=ADA),
    "all sessions": lambda it: it.sessions.revoke(None, entry(), owner=ADA),
    "a session too many": lambda it: open_session(it, 2, most=1),
    "one family": lambda it: it.tokens.revoke("fam_1", entry(), owner=ADA),
    "all families": lambda it: it.tokens.revoke(None, entry(), owner=ADA),
    "a key": lambda it: it.keys.revoke("key_1", entry(), owner=None, at=it.now),
    "a key's successor": lambda it: it.keys.rotate("key_1", key_of(it, 2), entry(), overlap_until=it.later(60)),
    "a token used again": lambda it: it.tokens.exchange(
        "fam_1-0", link_after(it, "d"), at=it.later(60), grace_s=10, audit=entry()
    ),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_every_change_is_told_before_and_after(accounts: Accounts, board: Noticed, what: str) -> None:
    """At the first time others still see the old version, at the second the new one."""
    before = await accounts.version(ADA)
    await CHANGES[what](accounts)
    after = await accounts.version(ADA)
    assert after == before + 1
    assert board.seen == [(ADA, before), (ADA, after)]


async def test_a_user_who_is_deleted_is_told_of(accounts: Accounts, board: Noticed) -> None:
    """At the second time there is nobody."""
    await accounts.users.delete(ADA, entry())
    assert board.seen == [(ADA, 1), (ADA, None)]


QUIET: dict[str, Callable[[Accounts], Awaitable[object]]] = {
    "another user": lambda it: enrol(it, "bob"),
    "a session": lambda it: open_session(it, 2),
    "a key": lambda it: it.keys.create(key_of(it, 2), entry()),
    "a key's use": lambda it: it.keys.touch("key_1", it.later(120)),
    "a session's use": lambda it: it.sessions.touch("hash-user_ada-1", it.later(120)),
    "a token's use": lambda it: it.tokens.exchange("c", link_after(it, "d"), at=it.now, grace_s=10, audit=entry()),
    "nothing to end": lambda it: it.keys.revoke("key_9", entry(), owner=None, at=it.now),
}


@pytest.mark.parametrize("what", QUIET)
async def test_what_ends_nothing_is_not_told(accounts: Accounts, board: Noticed, what: str) -> None:
    """Versions that stand are worth keeping."""
    before = await accounts.version(ADA)
    await QUIET[what](accounts)
    assert (await accounts.version(ADA), board.seen) == (before, [])


async def test_a_change_that_is_taken_back_is_not_told_later(accounts: Accounts, board: Noticed) -> None:
    """The next transaction of the same connection tells of its own users only."""
    with pytest.raises(Conflict):
        await accounts.keys.rotate("key_1", key_of(accounts, 1), entry(), overlap_until=accounts.later(60))
    await enrol(accounts, "bob")
    assert board.seen == []


async def test_a_board_out_of_reach_keeps_nobody_from_ending_things(
    accounts: Accounts, board: Noticed, caplog: pytest.LogCaptureFixture
) -> None:
    """The change is made, and the log says what it could not do."""
    board.fails = True
    assert await accounts.sessions.revoke(None, entry(), owner=ADA) == 1
    assert caplog.text.count("other workers could not be told") == 2
