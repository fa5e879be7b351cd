"""Requests that may be repeated, on both databases and in memory."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from tests.twins.accounts import PEPPER, Accounts
from tests.twins.shelf import DELETION, ShiftedSystem, finish, keep, stored_shelf
from ultra.domain.access import KeptResponse
from ultra.store.account_tables import IDEMPOTENCY
from ultra.store.database import Database
from ultra.store.idempotency import StoredIdempotency

RESPONSE = KeptResponse(201, {"content-type": "application/json"}, b'{"id":"\\u0000"}\x00\xff')


async def test_the_same_request_is_done_once(accounts: Accounts) -> None:
    """Of many at once one is new; once it is finished its response is given to all others, to the byte."""
    keys, at = accounts.idempotency, accounts.now
    begun = await asyncio.gather(*(keys.begin("ada", "k", "print", at=at) for _ in range(10)))
    assert sorted(word for word, _ in begun) == ["in_progress"] * 9 + ["new"]
    await keys.finish("ada", "k", RESPONSE)
    assert await keys.begin("ada", "k", "print", at=at) == ("repeated", RESPONSE)


async def test_another_request_under_the_same_key_is_a_conflict(accounts: Accounts) -> None:
    """While the first is done, and after."""
    keys, at = accounts.idempotency, accounts.now
    await keys.begin("ada", "k", "print", at=at)
    assert await keys.begin("ada", "k", "other", at=at) == ("conflict", None)
    await keys.finish("ada", "k", RESPONSE)
    assert await keys.begin("ada", "k", "other", at=at) == ("conflict", None)


async def test_a_key_belongs_to_its_owner(accounts: Accounts) -> None:
    """Somebody else's same key and body is a new request, whatever the key is made of."""
    keys, at = accounts.idempotency, accounts.now
    for key in ("k", "k" * 5000, "\x00\ud800"):
        assert (await keys.begin("ada", key, "print", at=at))[0] == "new"
        await keys.finish("ada", key, RESPONSE)
        assert await keys.begin("bob", key, "print", at=at) == ("new", None)


async def test_a_forgotten_key_is_free(accounts: Accounts) -> None:
    """What failed before it did anything may be tried again."""
    keys, at = accounts.idempotency, accounts.now
    await keys.begin("ada", "k", "print", at=at)
    await keys.forget("ada", "k")
    await keys.forget("ada", "k")
    assert await keys.begin("ada", "k", "other", at=at) == ("new", None)


async def test_old_keys_are_purged(accounts: Accounts) -> None:
    """Those begun before a moment go, the others stay."""
    keys, at = accounts.idempotency, accounts.now
    await keys.begin("ada", "old", "print", at=at)
    await keys.begin("ada", "young", "print", at=accounts.later(60))
    assert await keys.purge(before=accounts.later(30)) == 1
    assert (await keys.begin("ada", "old", "print", at=accounts.later(60)))[0] == "new"
    assert (await keys.begin("ada", "young", "print", at=accounts.later(60)))[0] == "in_progress"


async def test_a_key_is_free_after_a_day_and_one_that_was_left_open_after_an_hour(
    database: Database, system: ShiftedSystem
) -> None:
    """A crash does not keep a caller out for ever; of many that come then, one is new."""
    keys, at = StoredIdempotency(database=database, pepper=PEPPER), system.now()
    await keys.begin("ada", "done", "print", at=at)
    await keys.finish("ada", "done", RESPONSE)
    await keys.begin("ada", "left", "print", at=at)
    hour, day = at + timedelta(seconds=3601), at + timedelta(hours=24)
    assert (await keys.begin("ada", "done", "print", at=hour))[0] == "repeated"
    begun = await asyncio.gather(*(keys.begin("ada", "left", "other", at=hour) for _ in range(5)))
    assert sorted(word for word, _ in begun) == ["in_progress"] * 4 + ["new"]
    assert await keys.begin("ada", "done", "other", at=day) == ("new", None)


async def test_an_answer_goes_with_its_run(database: Database, system: ShiftedSystem) -> None:
    """Whoever removes the run, and also when it is gone before its answer is kept."""
    keys, shelf = StoredIdempotency(database=database, pepper=PEPPER), stored_shelf(database, system)
    runs = shelf.runs
    run = await keep(shelf, owner="ada")
    await runs.claim(run.id, worker="w1", until=shelf.later(60))
    await finish(shelf, run.id)
    told = replace(RESPONSE, run_id=run.id)
    for key in ("early", "late"):
        assert await keys.begin("ada", key, "print", at=system.now()) == ("new", None)
    await keys.finish("ada", "early", told)
    assert await keys.begin("ada", "early", "print", at=system.now()) == ("repeated", told)
    assert await runs.delete(run.id, DELETION, owner="ada")
    await keys.finish("ada", "late", told)
    for key in ("early", "late"):
        assert await keys.begin("ada", key, "print", at=system.now()) == ("new", None)


async def test_a_fingerprint_is_kept_under_a_pepper(database: Database, system: ShiftedSystem) -> None:
    """Whoever reads the database cannot try out which body it was of."""
    await StoredIdempotency(database=database, pepper=PEPPER).begin("ada", "k", "print", at=system.now())
    found = await database.read(lambda connection: connection.scalar(select(IDEMPOTENCY.c.fingerprint)))
    assert found not in ("print", hashlib.sha256(b"print").hexdigest())
