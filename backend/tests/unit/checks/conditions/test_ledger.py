"""Rows of calls that wait or are lost are told of."""

from dataclasses import dataclass

import pytest

from tests.fakes.system import FakeSystem
from ultra.checks.conditions.ledger import LedgerCondition


@dataclass
class Rows:
    """Something that rows are put into."""

    waiting: int = 0
    capacity: int = 1000
    lost: int = 0


@pytest.mark.parametrize(
    ("waiting", "health"), [(0, "pass"), (99, "pass"), (100, "warn"), (999, "warn"), (1000, "fail")]
)
async def test_rows_that_wait_are_told_of(waiting: int, health: str) -> None:
    """A tenth of the room is much; no room left means that the next row is lost."""
    found = await LedgerCondition(ledger=Rows(waiting), system=FakeSystem()).look()
    assert found.health == health
    assert (found.reason is None) is (health == "pass")
    assert found.facts == {"waiting": waiting, "capacity": 1000, "lost": 0}


async def test_lost_rows_are_told_of_for_an_hour() -> None:
    """With their number; afterwards the number stays among the facts."""
    system, rows = FakeSystem(jumps=False), Rows(lost=7)
    check = LedgerCondition(ledger=rows, system=system)
    found = await check.look()
    assert (found.health, found.reason) == ("warn", "7 rows of calls were lost since the start.")
    system.advance(3601)
    found = await check.look()
    assert (found.health, found.facts["lost"]) == ("pass", 7)
