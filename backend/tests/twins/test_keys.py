"""API keys, on both databases and in memory."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.twins.accounts import Accounts, enrol, entry, key_of
from ultra.domain.access import ApiKey
from ultra.domain.errors import Conflict, Forbidden, NotFound
from ultra.domain.identity import Allowance


async def test_a_key_comes_back_as_it_went_in(accounts: Accounts) -> None:
    """Every field survives, lists that are absent or empty too, with the owner as it is now."""
    user = await enrol(accounts)
    full = key_of(
        accounts,
        models=("mock/a", "mock/b"),
        cidrs=("192.0.2.0/24",),
        allowance=Allowance(monthly_budget_usd=Decimal("12.50")),
        stores=False,
    )
    bare = key_of(accounts, 2, models=(), scopes=frozenset(), created_at=accounts.later(1))
    for key in (full, bare):
        await accounts.keys.create(key, entry("key.create", target=key.id))
        assert await accounts.keys.by_public_id(key.public_id) == (key, user)
        assert await accounts.keys.get(key.id, owner=None) == key
    assert await accounts.keys.of("user_ada") == (bare, full)
    assert await accounts.keys.by_public_id("pub99999") is None


async def test_a_key_of_somebody_else_does_not_exist(accounts: Accounts) -> None:
    """It is neither shown nor listed nor ended; an administrator's view has all."""
    await enrol(accounts)
    await enrol(accounts, "bob")
    key = key_of(accounts)
    await accounts.keys.create(key, entry())
    assert await accounts.keys.get(key.id, owner="user_bob") is None
    assert await accounts.keys.of("user_bob") == ()
    assert not await accounts.keys.revoke(key.id, entry(), owner="user_bob", at=accounts.now)
    successor = key_of(accounts, 2, owner="user_bob")
    assert not await accounts.keys.rotate(key.id, successor, entry(), overlap_until=accounts.later(60))
    assert await accounts.keys.of(None) == (key,)


async def test_ids_are_taken_once_and_owners_must_be_there(accounts: Accounts) -> None:
    """A second key of the same public id is refused; nothing of it stays."""
    await enrol(accounts)
    await accounts.keys.create(key_of(accounts), entry("key.create"))
    with pytest.raises(Conflict):
        await accounts.keys.create(key_of(accounts, 2, public_id="pub00001"), entry("key.create"))
    with pytest.raises(NotFound):
        await accounts.keys.create(key_of(accounts, 3, owner="user_gone"), entry("key.create"))
    assert len(await accounts.keys.of(None)) == 1
    assert (await accounts.actions()).count("key.create") == 1


async def test_a_key_ends_once(accounts: Accounts) -> None:
    """The first time it is audited and raises the version of its owner."""
    await enrol(accounts)
    await accounts.keys.create(key_of(accounts), entry())
    at = accounts.now
    assert await accounts.keys.revoke("key_1", entry("key.revoke"), owner=None, at=at)
    assert not await accounts.keys.revoke("key_1", entry("key.revoke"), owner="user_ada", at=accounts.later(1))
    assert not await accounts.keys.revoke("key_9", entry("key.revoke"), owner=None, at=at)
    key = await accounts.keys.get("key_1", owner=None)
    assert key is not None
    assert key.revoked_at == at
    assert (await accounts.actions()).count("key.revoke") == 1
    assert await accounts.version("user_ada") == 2


async def test_rotation_keeps_the_old_key_for_a_while(accounts: Accounts) -> None:
    """Both are good until the overlap ends; the successor says whom it follows."""
    await enrol(accounts)
    old = key_of(accounts)
    await accounts.keys.create(old, entry())
    until = accounts.later(3600)
    successor = key_of(accounts, 2, created_at=accounts.later(1))
    assert await accounts.keys.rotate(old.id, successor, entry("key.rotate"), overlap_until=until)
    kept = replace(successor, rotated_from=old.id)
    assert await accounts.keys.of("user_ada") == (kept, replace(old, overlap_until=until))
    assert not await accounts.keys.rotate(old.id, key_of(accounts, 3), entry("key.rotate"), overlap_until=until)
    assert await accounts.version("user_ada") == 2
    assert not await accounts.keys.revoke(old.id, entry(), owner="user_ada", at=accounts.later(3600))
    assert await accounts.keys.revoke(old.id, entry(), owner="user_ada", at=accounts.later(3599))


async def test_an_ended_key_is_not_rotated(accounts: Accounts) -> None:
    """Neither a revoked one nor an expired one gets a successor."""
    await enrol(accounts)
    await accounts.keys.create(key_of(accounts), entry())
    await accounts.keys.create(key_of(accounts, 2, expires_at=accounts.later(10)), entry())
    await accounts.keys.revoke("key_1", entry(), owner=None, at=accounts.now)
    accounts.turn(10)
    for key_id in ("key_1", "key_2", "key_9"):
        successor = key_of(accounts, 3)
        assert not await accounts.keys.rotate(key_id, successor, entry(), overlap_until=accounts.later(60))
    assert await accounts.keys.get("key_3", owner=None) is None


async def test_of_many_rotations_at_once_one_succeeds(accounts: Accounts) -> None:
    """There is one successor, and one row in the audit."""
    await enrol(accounts)
    await accounts.keys.create(key_of(accounts), entry())
    until = accounts.later(60)
    rotated = await asyncio.gather(
        *(
            accounts.keys.rotate("key_1", key_of(accounts, number), entry("key.rotate"), overlap_until=until)
            for number in range(2, 10)
        )
    )
    assert sum(rotated) == 1
    assert len(await accounts.keys.of("user_ada")) == 2
    assert (await accounts.actions()).count("key.rotate") == 1


async def test_the_last_use_is_written_once_a_minute(accounts: Accounts) -> None:
    """However often a key is used."""
    await enrol(accounts)
    await accounts.keys.create(key_of(accounts), entry())
    start = accounts.now
    for seconds in (0, 1, 59):
        await accounts.keys.touch("key_1", accounts.later(seconds))
    key = await accounts.keys.get("key_1", owner=None)
    assert key is not None
    assert key.last_used_at is not None
    assert (key.last_used_at - start).total_seconds() < 1
    later = accounts.later(62)
    await accounts.keys.touch("key_1", later)
    key = await accounts.keys.get("key_1", owner=None)
    assert key is not None
    assert key.last_used_at == later


async def test_what_was_made_with_a_key_ends_with_it(accounts: Accounts) -> None:
    """However many keys lie between, and also when the first has ended already; its siblings stay."""
    await enrol(accounts)
    await accounts.keys.create(key_of(accounts, 1), entry())
    await accounts.keys.create(key_of(accounts, 2), entry())
    for number, maker in ((3, "key_1"), (4, "key_3"), (5, "key_4"), (6, "key_2")):
        await accounts.keys.create(key_of(accounts, number, made_with=maker, line="key_1"), entry())
    assert await accounts.keys.revoke("key_3", entry("key.revoke"), owner="user_ada", at=accounts.now)
    assert await _live(accounts) == {"key_1", "key_2", "key_6"}
    await accounts.keys.create(key_of(accounts, 7, made_with="key_2"), entry())
    successor = key_of(accounts, 8, made_with="key_2")
    assert await accounts.keys.rotate("key_2", successor, entry(), overlap_until=accounts.later(60))
    accounts.turn(60)
    assert await accounts.keys.revoke("key_2", entry("key.revoke"), owner=None, at=accounts.now)
    assert await _live(accounts) == {"key_1"}
    assert not await accounts.keys.revoke("key_2", entry("key.revoke"), owner=None, at=accounts.now)


async def test_what_was_made_with_a_key_lasts_no_longer_than_its_overlap(accounts: Accounts) -> None:
    """When the key is rotated; what ends sooner ends as it would have, and the successor is not concerned."""
    await enrol(accounts)
    first = key_of(accounts, 1)
    await accounts.keys.create(first, entry())
    soon = accounts.later(30)
    await accounts.keys.create(key_of(accounts, 2, made_with="key_1", expires_at=soon), entry())
    await accounts.keys.create(key_of(accounts, 3, made_with="key_1"), entry())
    await accounts.keys.create(key_of(accounts, 4, made_with="key_3"), entry())
    until, successor = accounts.later(60), key_of(accounts, 5, made_with="key_1")
    assert await accounts.keys.rotate("key_1", successor, entry(), overlap_until=until)
    ends = {each.id: each.expires_at for each in await accounts.keys.of("user_ada")}
    assert ends == {
        "key_1": first.expires_at,
        "key_2": soon,
        "key_3": until,
        "key_4": until,
        "key_5": successor.expires_at,
    }


async def test_nothing_is_made_with_a_key_that_has_ended(accounts: Accounts) -> None:
    """Nor with one of somebody else, and nothing of the attempt stays."""
    await enrol(accounts)
    await enrol(accounts, "bob")
    await accounts.keys.create(key_of(accounts, 1), entry())
    await accounts.keys.create(key_of(accounts, 2, owner="user_bob"), entry())
    await accounts.keys.revoke("key_1", entry(), owner=None, at=accounts.now)
    for maker in ("key_1", "key_2", "key_9"):
        with pytest.raises(Forbidden):
            await accounts.keys.create(key_of(accounts, 3, made_with=maker), entry("key.create"))
    assert await accounts.keys.get("key_3", owner=None) is None
    assert "key.create" not in await accounts.actions()


async def _live(accounts: Accounts) -> set[str]:
    def is_live(key: ApiKey) -> bool:
        return key.revoked_at is None and min(key.expires_at, key.overlap_until or key.expires_at) > accounts.now

    return {each.id for each in await accounts.keys.of("user_ada") if is_live(each)}
