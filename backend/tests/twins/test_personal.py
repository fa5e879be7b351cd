"""What is kept about a user, handed out and taken away, on both databases."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from tests.twins.accounts import Accounts, enrol, entry, key_of, link_after, open_family, open_session, stored
from tests.twins.shelf import Shelf, ShiftedSystem, finish, keep, stored_shelf
from ultra.domain.access import KeptResponse
from ultra.domain.analysis import NewEvent
from ultra.domain.ports import LeaseLost, LedgerEntry, Settlement
from ultra.store.database import Database
from ultra.store.ledger import StoredLedger
from ultra.store.personal import PersonalData
from ultra.store.requests import StoredRequests
from ultra.store.tables import LEDGER, METADATA

SECRETS = ("argon2-of-ada", "hash-user_ada-1", f"{'5e' * 30}0001", "fam_1-0")


@pytest.fixture
async def ledger(database: Database, system: ShiftedSystem) -> AsyncIterator[StoredLedger]:
    """Open a ledger."""
    async with StoredLedger(database=database, system=system) as opened:
        yield opened


@pytest.fixture
def personal(database: Database, system: ShiftedSystem, ledger: StoredLedger) -> PersonalData:
    """Open what exports and erases."""
    return PersonalData(database=database, system=system, ledger=ledger)


@pytest.fixture
def shelf(database: Database, system: ShiftedSystem) -> Shelf:
    """Open runs and their journal."""
    return stored_shelf(database, system)


@pytest.fixture
async def accounts(database: Database, system: ShiftedSystem, shelf: Shelf, ledger: StoredLedger) -> Accounts:
    """Two users, each with everything that is kept of one."""
    accounts = stored(database, system)
    for number, name in enumerate(("ada", "bob"), start=1):
        user = await enrol(accounts, name, password_hash=f"argon2-of-{name}")
        await open_session(accounts, user=user.id)
        await open_family(accounts, number, user=user.id)
        await accounts.keys.create(key_of(accounts, number, owner=user.id), entry("key.create", actor=user.id))
        await accounts.idempotency.begin(user.id, "k", "print", at=accounts.now)
        await accounts.idempotency.finish(user.id, "k", KeptResponse(200, {}, f"answer to {name}".encode()))
        run = await keep(shelf, owner=user.id, prompt=f"question of {name}")
        await shelf.runs.claim(run.id, worker="w1", until=shelf.later(60))
        await shelf.journal.append(run.id, [NewEvent("run.started", {"text": f"event of {name}"})], worker="w1")
        await finish(shelf, run.id)
        spend(ledger, accounts, number, user.id, run.id)
    await ledger.flush()
    return accounts


def spend(ledger: StoredLedger, accounts: Accounts, number: int, principal: str, run_id: str | None = None) -> None:
    """Write a call of half a cent."""
    call, now = f"call_{number}", accounts.now
    fields = (call, now, principal, f"req_{number}", run_id, None, "mock", "mock/a", 1, None, False, f"key_{number}")
    ledger.reserve(LedgerEntry(*fields))
    ledger.settle(Settlement(call, now, "ok", None, "up", None, Decimal("0.005"), None, 0.1))


async def dump(database: Database) -> str:
    """Return every row of every table as text."""

    def read(connection: Any) -> str:
        return "\n".join(str(row) for table in METADATA.sorted_tables for row in connection.execute(select(table)))

    return await database.read(read)


async def test_an_export_holds_everything_of_one_user(accounts: Accounts, personal: PersonalData) -> None:
    """Runs with their events, sessions, keys, families, calls and own actions; and nothing of anybody else."""
    told = await personal.export("user_ada", entry("data.export", actor="user_ada"))
    assert told is not None
    assert set(told) == {"user", "sessions", "token_families", "keys", "runs", "ledger", "audit"}
    assert (told["user"]["username"], told["user"]["role"]) == ("ada", "member")
    (run,) = told["runs"]
    assert run["question"]["prompt"] == "question of ada"
    assert [(event["seq"], event["type"]) for event in run["events"]] == [(1, "run.started"), (2, "run.done")]
    assert [row["cost_usd"] for row in told["ledger"]] == [Decimal("0.005")]
    assert [row["action"] for row in told["audit"]] == ["sign_in", "token.issue", "key.create", "data.export"]
    assert (told["keys"][0]["last4"], told["sessions"][0]["user_agent"]) == ("wxyz", "a browser")
    text = json.dumps(told, default=str)
    assert "bob" not in text
    assert [secret for secret in SECRETS if secret in text] == []
    assert (await accounts.actions())[-1] == "data.export"


async def test_erasing_takes_content_and_keeps_sums(
    accounts: Accounts, personal: PersonalData, database: Database, ledger: StoredLedger, shelf: Shelf
) -> None:
    """No prompt, event or answer of the user is left; what was spent still is, by nobody; others keep theirs."""
    since, until = accounts.later(-60), accounts.later(60)
    requests = StoredRequests(database=database, system=accounts.system, ledger=ledger)
    before = await requests.usage(by="model", since=since, until=until, principal=None)
    assert await personal.erase("user_ada", entry("data.erase", actor="user_ada")) == 1
    text = await dump(database)
    for gone in ("question of ada", "event of ada", "answer to ada"):
        assert gone not in text
    for kept in ("question of bob", "event of bob", "answer to bob"):
        assert kept in text
    assert await requests.usage(by="model", since=since, until=until, principal=None) == before
    by_user = await requests.usage(by="user", since=since, until=until, principal=None)
    assert {row.key: row.cost_usd for row in by_user} == {"erased": Decimal("0.005"), "user_bob": Decimal("0.005")}
    assert await requests.get("req_1", principal="user_ada") is None
    assert (await accounts.sessions.of("user_ada"))[0].address is None
    user = await accounts.users.get("user_ada")
    assert user is not None
    assert (await accounts.actions())[-1] == "data.erase"
    assert await accounts.audit.verify() is None


async def test_a_run_under_way_goes_too(accounts: Accounts, personal: PersonalData, shelf: Shelf) -> None:
    """Its worker finds that it no longer owns it, and writes nothing."""
    run = await keep(shelf, owner="user_ada")
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(60))
    await personal.erase("user_ada", entry("data.erase"))
    with pytest.raises(LeaseLost):
        await shelf.journal.append(run.id, [NewEvent("run.started", {})], worker="w1")
    assert await shelf.runs.get(run.id, owner=None) is None


async def test_deleting_a_user_takes_runs_and_names(accounts: Accounts, database: Database) -> None:
    """The audit keeps the id; the ledger keeps the money."""
    assert await accounts.users.delete("user_ada", entry("user.delete", target="user_ada"))
    text = await dump(database)
    for gone in (*SECRETS, "question of ada", "event of ada", "answer to ada", "'ada'"):
        assert gone not in text
    rows = await database.read(lambda connection: connection.execute(select(LEDGER)).all())
    assert sorted(row.principal for row in rows) == ["erased", "user_bob"]
    assert sum(row.cost_usd for row in rows) == Decimal("0.010")
    assert await accounts.audit.verify() is None


async def test_nobody_is_neither_exported_nor_erased(accounts: Accounts, personal: PersonalData) -> None:
    """Nothing is written of it."""
    before = await accounts.actions()
    assert await personal.export("user_gone", entry("data.export")) is None
    assert await personal.erase("user_gone", entry("data.erase")) is None
    assert await accounts.actions() == before


async def test_the_audit_never_holds_a_secret(accounts: Accounts) -> None:
    """Whatever is done with hashes and seals, no row of the audit shows one."""
    await accounts.users.change("user_ada", entry("user.password"), password_hash="argon2-second")
    family = await open_family(accounts, 7)
    successor = replace(link_after(accounts, "successor-hash"), sealed_successor=b"sealed-text")
    for _ in range(2):
        await accounts.tokens.exchange("fam_7-0", successor, at=accounts.now, grace_s=0, audit=entry("token.refresh"))
    await accounts.keys.rotate("key_1", key_of(accounts, 8), entry("key.rotate"), overlap_until=accounts.later(9))
    rows = await accounts.audit.page(limit=100, before=None, action=None, actor=None)
    assert {"token.reused", "key.rotate", "user.password"} <= {row.entry.action for row in rows}
    text = repr(rows)
    for secret in (*SECRETS, "argon2-second", "fam_7-0", successor.hash, "sealed-text", "wxyz"):
        assert secret not in text
    assert family.id in text
