"""What is taken away when its time is over, on both databases."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from tests.twins.accounts import enrol, entry, open_family, open_session, stored
from tests.twins.shelf import ShiftedSystem, finish, keep, stored_shelf
from ultra.domain.access import SignInLink
from ultra.domain.analysis import NewEvent
from ultra.domain.ports import LedgerEntry
from ultra.store import purging
from ultra.store.database import Database
from ultra.store.ledger import StoredLedger
from ultra.store.purging import purge_accounts, purge_content
from ultra.store.tables import METADATA


async def count(database: Database, table: str) -> int:
    """Count the rows of a table."""
    counted = select(func.count()).select_from(METADATA.tables[table])
    return await database.read(lambda connection: connection.scalar(counted)) or 0


async def test_old_content_goes_and_the_rest_stays(
    database: Database, system: ShiftedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that ended, with their journals, and calls, in as many batches as it takes; never a run under way."""
    monkeypatch.setattr(purging, "BATCH", 2)
    shelf = stored_shelf(database, system)
    async with StoredLedger(database=database, system=system) as ledger:

        async def run(*, ended: bool) -> str:
            kept = await keep(shelf)
            await shelf.runs.claim(kept.id, worker="w1", until=shelf.later(60))
            await shelf.journal.append(kept.id, [NewEvent("run.started", {})], worker="w1")
            name = f"call {kept.id}"[:64]
            call = (name, system.now(), "ada", "req", kept.id, None, "mock", "mock/a", 1, Decimal(1), False)
            ledger.reserve(LedgerEntry(*call))
            if ended:
                await finish(shelf, kept.id)
            return kept.id

        old = [await run(ended=True) for _ in range(5)]
        going_on = await run(ended=False)
        system.shift += timedelta(days=31)
        young = await run(ended=True)
        await ledger.flush()
        before = system.now() - timedelta(days=30)
        assert await purge_content(database, before=before) == {"runs": 5, "ledger": 6}
        assert await purge_content(database, before=before) == {"runs": 0, "ledger": 0}
        assert [await shelf.runs.get(each, owner="ada") for each in old] == [None] * 5
        assert await shelf.runs.get(going_on, owner="ada") is not None
        assert await shelf.runs.get(young, owner="ada") is not None
        assert (await count(database, "run_events"), await count(database, "ledger")) == (3, 1)


async def test_old_ways_in_go_and_live_ones_stay(database: Database, system: ShiftedSystem) -> None:
    """Ended sessions and families with their tokens, expired links and nonces, kept responses; the audit is whole."""
    accounts = stored(database, system)
    user = await enrol(accounts)
    for number in (1, 2):
        await open_session(accounts, number)
        await open_family(accounts, number)
    await accounts.sessions.revoke("ses_user_ada_0001", entry("sign_out"), owner=user.id)
    await accounts.tokens.revoke("fam_1", entry("sign_out"), owner=user.id)
    await accounts.links.create(SignInLink("l", user.id, "reset", accounts.now, accounts.later(60)), entry())
    await accounts.idempotency.begin(user.id, "k", "print", at=accounts.now)
    await accounts.nonces.spend("n", until=accounts.later(60), at=accounts.now)
    written = await count(database, "audit")
    none = {"sessions": 0, "token_families": 0, "sign_in_links": 0, "idempotency": 0, "nonces": 0}
    assert await purge_accounts(database, before=accounts.later(-60)) == none
    assert await purge_accounts(database, before=accounts.later(3600)) == dict.fromkeys(none, 1)
    assert await accounts.tokens.family_of("fam_1-0") is None
    assert await accounts.tokens.family_of("fam_2-0") is not None
    assert [each.public_id for each in await accounts.sessions.of(user.id)] == ["ses_user_ada_0002"]
    assert await count(database, "audit") == written
    assert await accounts.audit.verify() is None
