"""A server takes away by itself what has been kept long enough."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.fakes.system import FakeSystem
from ultra.domain.limits import Purse
from ultra.services.housekeeping import Housekeeping, retention_of
from ultra.store import migrating
from ultra.store.budgets import StoredBudgets
from ultra.store.database import Database, open_database
from ultra.store.idempotency import StoredIdempotency

LONGEST = timedelta(minutes=15)
PURSE = Purse("user:ann", "month", Decimal(10))


@pytest.fixture
def system() -> FakeSystem:
    """Return a clock that waits to be told."""
    return FakeSystem(jumps=False)


@pytest.fixture
async def database(tmp_path: Path, system: FakeSystem) -> AsyncIterator[Database]:
    """Open an empty database."""
    async with open_database(url=f"sqlite:///{tmp_path}/ultra.db", system=system) as opened:
        await migrating.upgrade(opened)
        yield opened


def keeper(database: Database, system: FakeSystem, *, days: int = 30) -> Housekeeping:
    """Return the housekeeping of a server."""
    budgets = StoredBudgets(database=database, system=system)
    return Housekeeping(
        database=database, budgets=budgets, retention=retention_of(days), longest_call=LONGEST, system=system
    )


async def test_what_is_over_goes_and_money_left_aside_is_spent(database: Database, system: FakeSystem) -> None:
    """What no call can settle any more counts as spent; after a day a key for repetitions is free again."""
    budgets = StoredBudgets(database=database, system=system)
    await StoredIdempotency(database=database, pepper=b"pepper").begin("ann", "k", "f", at=system.now())
    assert await budgets.reserve([PURSE], Decimal(2), reservation="res_1") is None
    system.advance(19 * 60)
    assert not any((await keeper(database, system).tidy()).values())
    system.advance(2 * 60)
    removed = await keeper(database, system).tidy()
    assert (removed["idempotency"], removed["reservations"]) == (0, 1)
    system.advance(24 * 3600)
    assert (await keeper(database, system).tidy())["idempotency"] == 1
    await budgets.settle("res_1", Decimal(0))
    assert await budgets.spent(PURSE) == 2


async def test_no_retention_keeps_content_for_ever(database: Database, system: FakeSystem) -> None:
    """Zero days is no number of days: runs and calls are not looked at."""
    assert "runs" in await keeper(database, system, days=1).tidy()
    assert "runs" not in await keeper(database, system, days=0).tidy()
    assert (retention_of(0), retention_of(2)) == (None, timedelta(days=2))


class Counted(Housekeeping):
    """Counts how often it tidied; the first time the store is away."""

    times = 0

    async def tidy(self) -> Mapping[str, int]:
        """Count."""
        self.times += 1
        if self.times == 1:
            raise OSError("the store is away")
        return {"sessions": 1, "runs": 0}


async def test_a_server_tidies_again_and_again_whatever_happens(
    database: Database, system: FakeSystem, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure is logged and a quarter of an hour later it is tried again."""
    caplog.set_level("INFO")
    budgets = StoredBudgets(database=database, system=system)
    tidying = Counted(database=database, budgets=budgets, retention=None, longest_call=LONGEST, system=system)
    task = asyncio.ensure_future(tidying.run())
    await system.tick(59)
    assert tidying.times == 0
    await system.tick(2)
    assert tidying.times == 1
    await system.tick(1801)
    assert tidying.times == 3
    assert [record.getMessage() for record in caplog.records] == [
        "the database could not be tidied",
        "tidied: 1 sessions",
        "tidied: 1 sessions",
    ]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
