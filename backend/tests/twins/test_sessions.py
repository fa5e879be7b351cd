"""Browser sessions, on both databases and in memory."""

import asyncio
from dataclasses import replace

import pytest

from tests.twins.accounts import Accounts, enrol, entry, open_session
from ultra.domain.errors import NotFound


async def test_a_session_is_found_by_its_hash_with_its_user(accounts: Accounts) -> None:
    """Every field survives; nothing is found for another hash."""
    user = await enrol(accounts)
    session = await open_session(accounts)
    assert await accounts.sessions.get(session.id_hash) == (session, user)
    assert await accounts.sessions.get(session.public_id) is None
    with pytest.raises(NotFound):
        await open_session(accounts, user="user_gone")


async def test_the_oldest_end_beyond_the_most(accounts: Accounts) -> None:
    """A user has at most so many live sessions; which went is known, and other workers notice by the version."""
    await enrol(accounts)
    await enrol(accounts, "bob")
    other = await open_session(accounts, user="user_bob")
    opened = []
    for number in range(5):
        accounts.turn(1)
        opened.append(await open_session(accounts, number, most=3))
    assert await accounts.sessions.of("user_ada") == tuple(reversed(opened[2:]))
    assert await accounts.sessions.of("user_bob") == (other,)
    assert await accounts.version("user_ada") == 3
    for session in opened[:2]:
        found = await accounts.sessions.get(session.id_hash)
        assert found is None or found[0].revoked_at is not None


async def test_many_sign_ins_at_once_leave_the_most(accounts: Accounts) -> None:
    """The bound holds when they come together."""
    await enrol(accounts)
    await asyncio.gather(*(open_session(accounts, number, most=4) for number in range(20)))
    assert len(await accounts.sessions.of("user_ada")) == 4


async def test_use_moves_the_idle_end(accounts: Accounts) -> None:
    """Unused for half an hour, or at its absolute end, a session is no longer listed."""
    await enrol(accounts)
    session = await open_session(accounts)
    accounts.turn(1700)
    seen = accounts.now
    await accounts.sessions.touch(session.id_hash, seen)
    accounts.turn(1700)
    assert await accounts.sessions.of("user_ada") == (replace(session, seen_at=seen),)
    user = await accounts.users.get("user_ada")
    assert user is not None
    assert user.last_seen_at == seen
    accounts.turn(200)
    assert await accounts.sessions.of("user_ada") == ()


async def test_a_touch_never_moves_time_back_nor_wakes_the_ended(accounts: Accounts) -> None:
    """Late news of an earlier use, and of an ended session, change nothing."""
    await enrol(accounts)
    session = await open_session(accounts)
    await accounts.sessions.touch(session.id_hash, accounts.later(-60))
    assert await accounts.sessions.of("user_ada") == (session,)
    await accounts.sessions.revoke(None, entry("sign_out"), owner="user_ada")
    await accounts.sessions.touch(session.id_hash, accounts.later(60))
    found = await accounts.sessions.get(session.id_hash)
    assert found is not None
    assert found[0].seen_at == session.seen_at
    await accounts.sessions.touch("unknown", accounts.now)


async def test_one_session_ends_or_all_of_an_owner(accounts: Accounts) -> None:
    """Nobody ends another's; what ends is audited once and raises the version, what did not end is not."""
    await enrol(accounts)
    await enrol(accounts, "bob")
    first, second = await open_session(accounts, 1), await open_session(accounts, 2)
    other = await open_session(accounts, user="user_bob")
    revoke = accounts.sessions.revoke
    assert await revoke(other.public_id, entry("session.end"), owner="user_ada") == 0
    assert await revoke("ses_unknown", entry("session.end"), owner="user_ada") == 0
    assert await revoke(first.public_id, entry("session.end"), owner="user_ada") == 1
    assert await revoke(first.public_id, entry("session.end"), owner="user_ada") == 0
    assert await accounts.sessions.of("user_ada") == (second,)
    assert await revoke(None, entry("session.end"), owner="user_ada") == 1
    assert await accounts.sessions.of("user_bob") == (other,)
    assert (await accounts.actions()).count("session.end") == 2
    assert (await accounts.version("user_ada"), await accounts.version("user_bob")) == (3, 1)
