"""The ledger, on both databases."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.twins.shelf import ShiftedSystem
from ultra.domain.chat import Usage
from ultra.domain.errors import Unavailable
from ultra.domain.ports import LedgerEntry, Settlement
from ultra.store.database import Database
from ultra.store.ledger import StoredLedger
from ultra.store.tables import LEDGER
from ultra.store.transactions import Work


@pytest.fixture
async def ledger(database: Database, system: ShiftedSystem) -> AsyncIterator[StoredLedger]:
    """Open a ledger."""
    async with StoredLedger(database=database, system=system) as opened:
        yield opened


def entry(number: int, system: ShiftedSystem, **changes: Any) -> LedgerEntry:
    """Describe an upstream call about to be made."""
    fields: dict[str, Any] = {
        "id": f"call_{number}",
        "at": system.now(),
        "principal": "ada",
        "request_id": "req_1",
        "run_id": "run_1",
        "stage": "ask",
        "provider": "mock",
        "model": "mock/a",
        "attempt": 1,
        "reserved_usd": Decimal("0.010"),
        "possible_double_charge": False,
    }
    return LedgerEntry(**fields | changes)


def settlement(number: int, system: ShiftedSystem, **changes: Any) -> Settlement:
    """Describe how that call ended."""
    fields: dict[str, Any] = {
        "entry_id": f"call_{number}",
        "at": system.now(),
        "outcome": "ok",
        "error_kind": None,
        "upstream_request_id": "up_1",
        "usage": Usage(input_total=10, output_total=3),
        "cost_usd": Decimal("0.0000123456789"),
        "first_token_s": 0.1,
        "total_s": 0.5,
    }
    return Settlement(**fields | changes)


async def rows(database: Database) -> list[Any]:
    """Return what is in the table."""
    wanted = select(LEDGER).order_by(LEDGER.c.id)
    return list(await database.read(lambda connection: connection.execute(wanted).all()))


async def test_a_call_is_one_row(ledger: StoredLedger, database: Database, system: ShiftedSystem) -> None:
    """Reservation and settlement become one row with every fact of both."""
    reserved, settled = entry(1, system), settlement(1, system)
    ledger.reserve(reserved)
    ledger.settle(settled)
    await ledger.flush()
    (row,) = await rows(database)
    assert (row.id, row.at, row.principal, row.model) == (reserved.id, reserved.at, "ada", "mock/a")
    assert (row.reserved_usd, row.cost_usd) == (Decimal("0.010"), Decimal("0.0000123456789"))
    assert (row.settled_at, row.outcome, row.upstream_request_id) == (settled.at, "ok", "up_1")
    assert (row.usage["input_total"], row.usage["output_total"]) == (10, 3)
    assert (row.first_token_s, row.total_s) == (0.1, 0.5)


async def test_an_intent_is_kept_before_it_is_settled(
    ledger: StoredLedger, database: Database, system: ShiftedSystem
) -> None:
    """A reservation that is already written is completed later, in the same row."""
    ledger.reserve(entry(1, system))
    await ledger.flush()
    assert [row.settled_at for row in await rows(database)] == [None]
    ledger.settle(settlement(1, system, outcome="failed", error_kind="overloaded", cost_usd=None, usage=None))
    await ledger.flush()
    (row,) = await rows(database)
    assert (row.outcome, row.error_kind, row.cost_usd, row.usage) == ("failed", "overloaded", None, None)
    assert row.reserved_usd == Decimal("0.010")


async def test_rows_are_written_without_being_asked(
    ledger: StoredLedger, database: Database, system: ShiftedSystem
) -> None:
    """Soon after a reservation it is in the database."""
    ledger.reserve(entry(1, system))
    async with asyncio.timeout(20):
        while not await rows(database):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.02)


async def test_closing_writes_what_is_left(database: Database, system: ShiftedSystem) -> None:
    """Nothing that was put down before the end is missing, in as many batches as it takes."""
    async with StoredLedger(database=database, system=system) as ledger:
        for number in range(1200):
            ledger.reserve(entry(number, system))
        for number in range(600):
            ledger.settle(settlement(number, system))
    written = await rows(database)
    assert len(written) == 1200
    assert sum(row.settled_at is not None for row in written) == 600
    assert ledger.lost == 0


async def test_rows_wait_while_the_database_is_away(
    ledger: StoredLedger, database: Database, system: ShiftedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing raises where calls are made, and everything is written once the database is back, in order."""

    async def away(_work: object) -> None:
        raise Unavailable("The store cannot be reached.")

    ledger.reserve(entry(1, system))
    await ledger.flush()
    monkeypatch.setattr(database, "write", away)
    ledger.settle(settlement(1, system))
    ledger.reserve(entry(2, system))
    with pytest.raises(Unavailable):
        await ledger.flush()
    ledger.settle(settlement(2, system))
    monkeypatch.undo()
    await ledger.flush()
    assert [(row.id, row.outcome) for row in await rows(database)] == [("call_1", "ok"), ("call_2", "ok")]
    assert ledger.lost == 0


async def test_what_does_not_fit_is_lost_aloud(
    database: Database, system: ShiftedSystem, caplog: pytest.LogCaptureFixture
) -> None:
    """Memory is bounded; a row too many is counted and logged with its id, and the others are kept."""
    async with StoredLedger(database=database, system=system, capacity=2) as ledger:
        for number in range(3):
            ledger.reserve(entry(number, system))
        assert ledger.lost == 1
        await ledger.flush()
    assert [row.id for row in await rows(database)] == ["call_0", "call_1"]
    assert [(record.levelno, "call_2" in record.getMessage()) for record in caplog.records] == [(logging.ERROR, True)]


async def test_closing_while_the_database_is_away_says_what_is_lost(
    database: Database, system: ShiftedSystem, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Leaving does not hang and does not raise."""

    async def away(_work: object) -> None:
        raise Unavailable("The store cannot be reached.")

    async with StoredLedger(database=database, system=system) as ledger:
        ledger.reserve(entry(1, system))
        monkeypatch.setattr(database, "write", away)
    assert ledger.lost == 1
    assert "call_1" in caplog.text


async def test_a_row_that_the_database_refuses_does_not_block_the_others(
    ledger: StoredLedger, database: Database, system: ShiftedSystem, caplog: pytest.LogCaptureFixture
) -> None:
    """It is dropped aloud; those before and after it are written."""
    ledger.reserve(entry(1, system))
    ledger.reserve(entry(2, system, at=system.now().replace(tzinfo=None)))
    ledger.reserve(entry(3, system))
    await ledger.flush()
    assert [row.id for row in await rows(database)] == ["call_1", "call_3"]
    assert ledger.lost == 1
    assert "call_2" in caplog.text


async def test_a_settlement_without_reservation_is_lost_aloud(
    ledger: StoredLedger, system: ShiftedSystem, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows who made that call, so there is no row to complete."""
    ledger.settle(settlement(1, system))
    await ledger.flush()
    assert ledger.lost == 1
    assert "call_1" in caplog.text


async def test_writing_again_what_was_written_changes_nothing(
    ledger: StoredLedger, database: Database, system: ShiftedSystem
) -> None:
    """An attempt whose outcome was unknown is repeated without a second row, and completes the first."""
    ledger.reserve(entry(1, system))
    await ledger.flush()
    ledger.reserve(entry(1, system))
    ledger.settle(settlement(1, system))
    await ledger.flush()
    assert [(row.id, row.outcome) for row in await rows(database)] == [("call_1", "ok")]


async def test_rows_are_written_in_few_transactions(
    database: Database, system: ShiftedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand calls at once are a handful of transactions, not a thousand."""
    transactions = 0
    write = database.write

    async def counted(work: Work[Any]) -> Any:
        nonlocal transactions
        transactions += 1
        return await write(work)

    monkeypatch.setattr(database, "write", counted)
    async with StoredLedger(database=database, system=system) as ledger:
        for number in range(1000):
            ledger.reserve(entry(number, system))
            ledger.settle(settlement(number, system))
    assert transactions <= 5
    settled = [row for row in await rows(database) if row.outcome == "ok"]
    assert len(settled) == 1000


async def test_rows_that_wait_can_be_counted(database: Database, system: ShiftedSystem) -> None:
    """Until they are in the database; so can those that may wait."""
    async with StoredLedger(database=database, system=system, capacity=10) as ledger:
        ledger.reserve(entry(1, system))
        ledger.reserve(entry(2, system))
        assert (ledger.waiting, ledger.capacity) == (2, 10)
        await ledger.flush()
        assert ledger.waiting == 0


@pytest.fixture
def spools(tmp_path: Path) -> Path:
    """Name the folder of the files."""
    return tmp_path / "spool"


def contents(folder: Path) -> dict[Path, bytes]:
    """Return every file there."""
    return {path: path.read_bytes() for path in folder.iterdir()}


def sizes(folder: Path) -> dict[Path, int]:
    """Return how long every file there is."""
    return {path: len(content) for path, content in contents(folder).items()}


def dies(ledger: StoredLedger) -> None:
    """Lose everything that a killed process loses: its memory and its lock."""
    assert ledger._spool is not None
    assert ledger._writer is not None
    ledger._writer.cancel()
    for file in (*ledger._spool._files, ledger._spool._lock):
        os.close(file)


async def opened(database: Database, system: ShiftedSystem, folder: Path, **options: int) -> StoredLedger:
    """Open a ledger that keeps files, without closing it."""
    return await StoredLedger(database=database, system=system, folder=folder, **options).__aenter__()


async def test_what_a_killed_process_had_not_written_is_taken_up(
    database: Database, system: ShiftedSystem, spools: Path
) -> None:
    """Reservations and settlements, whichever of them the database knew; once, and by the next to start."""
    first = await opened(database, system, spools)
    for number in range(3):
        first.reserve(entry(number, system))
    await first.flush()
    first.settle(settlement(0, system))
    first.reserve(entry(3, system))
    first.reserve(entry(4, system))
    first.settle(settlement(4, system))
    dies(first)
    assert [row.outcome for row in await rows(database)] == [None, None, None]
    async with StoredLedger(database=database, system=system, folder=spools) as second:
        assert second.gone == (first.name,)
        assert [row.outcome for row in await rows(database)] == ["ok", None, None, None, "ok"]
        async with StoredLedger(database=database, system=system, folder=spools) as third:
            assert third.gone == ()
    assert second.lost == 0
    assert sizes(spools) == {}


async def test_taking_up_again_changes_nothing(database: Database, system: ShiftedSystem, spools: Path) -> None:
    """A reservation that was settled meanwhile stays settled, to the last field."""
    first = await opened(database, system, spools)
    first.reserve(entry(1, system))
    dies(first)
    kept = contents(spools)
    async with StoredLedger(database=database, system=system, folder=spools) as second:
        second.settle(settlement(1, system))
    before = await rows(database)
    assert before[0].outcome == "ok"
    for path, content in kept.items():
        path.write_bytes(content)
    async with StoredLedger(database=database, system=system, folder=spools) as third:
        assert third.gone == (first.name,)
    assert await rows(database) == before


async def test_what_does_not_fit_into_memory_is_written_from_the_files(
    database: Database, system: ShiftedSystem, spools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database is away a ledger of two rows keeps a hundred, and settles them."""

    async def away(_work: object) -> None:
        raise Unavailable("The store cannot be reached.")

    async with StoredLedger(database=database, system=system, folder=spools, capacity=2) as ledger:
        monkeypatch.setattr(database, "write", away)
        for number in range(100):
            ledger.reserve(entry(number, system))
            if number == 50:
                with pytest.raises(Unavailable):
                    await ledger.flush()
        for number in range(100):
            ledger.settle(settlement(number, system))
        monkeypatch.undo()
        await ledger.flush()
        assert [row.outcome for row in await rows(database)] == ["ok"] * 100
    assert ledger.lost == 0
    assert sizes(spools) == {}


async def test_files_stay_small(database: Database, system: ShiftedSystem, spools: Path) -> None:
    """What the database has is forgotten, also under a load that never pauses."""
    async with StoredLedger(database=database, system=system, folder=spools) as ledger:
        for number in range(40):
            for one in range(50):
                ledger.reserve(entry(number * 50 + one, system))
            if number % 4 == 0:
                writing = asyncio.create_task(ledger.flush())
                await asyncio.sleep(0)
                ledger.settle(settlement(number * 50, system))
                await writing
        await ledger.flush()
        await ledger.flush()
        assert set(sizes(spools).values()) == {0}
    assert len(await rows(database)) == 2000


async def test_closing_while_the_database_is_away_leaves_it_to_the_next(
    database: Database, system: ShiftedSystem, spools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With files nothing is lost."""

    async def away(_work: object) -> None:
        raise Unavailable("The store cannot be reached.")

    async with StoredLedger(database=database, system=system, folder=spools) as ledger:
        ledger.reserve(entry(1, system))
        monkeypatch.setattr(database, "write", away)
    monkeypatch.undo()
    assert ledger.lost == 0
    async with StoredLedger(database=database, system=system, folder=spools):
        assert [row.id for row in await rows(database)] == ["call_1"]
