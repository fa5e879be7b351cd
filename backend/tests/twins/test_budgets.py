"""Budgets, on both databases and in memory."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.budgets import FakeBudgets
from tests.twins.shelf import ShiftedSystem
from ultra.domain.errors import Conflict
from ultra.domain.limits import Budgets, Purse
from ultra.store.budgets import StoredBudgets
from ultra.store.database import Database, open_database
from ultra.system import System

DAY = Purse("user:ada", "day", Decimal("0.01"))
MONTH = Purse("user:ada", "month", Decimal("0.015"))
CENT = Decimal("0.01")


@pytest.fixture
async def budgets(accounts_place: str, system: ShiftedSystem) -> AsyncIterator[Budgets]:
    """Open each keeper in turn."""
    if accounts_place == "fake":
        yield FakeBudgets(system=system)
    else:
        async with open_database(url=accounts_place, system=system) as database:
            yield StoredBudgets(database=database, system=system)


async def test_what_is_set_aside_counts_and_is_replaced(budgets: Budgets) -> None:
    """To the last decimal, also when more was spent than set aside."""
    assert await budgets.spent(DAY) == 0
    assert await budgets.reserve([DAY], Decimal("0.004"), reservation="a") is None
    assert await budgets.spent(DAY) == Decimal("0.004")
    await budgets.settle("a", Decimal("0.000000123456789123"))
    assert await budgets.spent(DAY) == Decimal("0.000000123456789123")
    assert await budgets.reserve([DAY], Decimal("0.009"), reservation="b") is None
    await budgets.settle("b", Decimal("0.02"))
    assert await budgets.spent(DAY) == Decimal("0.020000123456789123")
    assert await budgets.reserve([DAY], Decimal("0.001"), reservation="c") == DAY


async def test_all_purses_or_none(budgets: Budgets) -> None:
    """The first that has too little is named, and nothing is set aside in the others."""
    assert await budgets.reserve([DAY, MONTH], CENT, reservation="a") is None
    assert await budgets.reserve([MONTH, DAY], Decimal("0.001"), reservation="b") == DAY
    assert await budgets.spent(MONTH) == CENT
    await budgets.settle("a", Decimal(0))
    assert (await budgets.spent(DAY), await budgets.spent(MONTH)) == (0, 0)
    await budgets.settle("b", CENT)
    assert await budgets.spent(DAY) == 0


async def test_settling_again_changes_nothing(budgets: Budgets) -> None:
    """The first time counts; what was never set aside is not charged."""
    await budgets.reserve([DAY, MONTH], CENT, reservation="a")
    for spent in (Decimal("0.003"), CENT, Decimal(0)):
        await budgets.settle("a", spent)
    await budgets.settle("never", CENT)
    assert (await budgets.spent(DAY), await budgets.spent(MONTH)) == (Decimal("0.003"), Decimal("0.003"))


async def test_the_limit_itself_may_be_spent(budgets: Budgets) -> None:
    """Not a unit more; what costs nothing always passes until more than the limit is spent."""
    assert await budgets.reserve([DAY], Decimal("0.0100000001"), reservation="a") == DAY
    assert await budgets.reserve([DAY], CENT, reservation="b") is None
    assert await budgets.reserve([DAY], Decimal(0), reservation="c") is None
    assert await budgets.reserve([], Decimal(1000), reservation="d") is None


async def test_purses_are_apart(budgets: Budgets) -> None:
    """One's own key, one's other period."""
    await budgets.reserve([DAY], CENT, reservation="a")
    for other in (Purse("user:bob", "day", CENT), Purse("user:ada", "month", CENT)):
        assert await budgets.spent(other) == 0


async def test_the_same_purse_twice_is_one_purse(budgets: Budgets) -> None:
    """The smaller limit decides, and the amount counts once."""
    smaller = Purse(DAY.key, "day", Decimal("0.005"))
    assert await budgets.reserve([DAY, smaller], Decimal("0.006"), reservation="a") == smaller
    assert await budgets.reserve([DAY, smaller], Decimal("0.005"), reservation="b") is None
    assert await budgets.spent(DAY) == Decimal("0.005")


async def test_a_reservation_is_made_once(budgets: Budgets) -> None:
    """The second one of that name is refused and changes nothing."""
    await budgets.reserve([DAY], Decimal("0.001"), reservation="a")
    with pytest.raises(Conflict):
        await budgets.reserve([DAY], Decimal("0.001"), reservation="a")
    assert await budgets.spent(DAY) == Decimal("0.001")


async def test_what_is_no_amount_is_refused(budgets: Budgets) -> None:
    """Nobody fills a purse by spending less than nothing."""
    for amount in (Decimal("-0.001"), Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(ValueError, match="cannot"):
            await budgets.reserve([DAY], amount, reservation="a")
    await budgets.reserve([DAY], Decimal("0.001"), reservation="a")
    with pytest.raises(ValueError, match="cannot"):
        await budgets.settle("a", Decimal(-1))
    assert await budgets.spent(DAY) == Decimal("0.001")


class Calendar(System):
    """A clock that shows what a test says."""

    at = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)

    def now(self) -> datetime:
        """Return that."""
        return self.at


async def test_periods_begin_at_midnight_utc(database: Database) -> None:
    """A new day and a new month are empty; what is settled late counts where it was set aside."""
    calendar = Calendar()
    budgets = StoredBudgets(database=database, system=calendar)
    day, month = Purse("k", "day", CENT), Purse("k", "month", Decimal(1))
    await budgets.reserve([day, month], CENT, reservation="a")
    calendar.at += timedelta(seconds=1)
    assert (await budgets.spent(day), await budgets.spent(month)) == (0, 0)
    assert await budgets.reserve([day, month], CENT, reservation="b") is None
    await budgets.settle("a", Decimal(0))
    assert await budgets.spent(day) == CENT
    calendar.at += timedelta(days=1)
    assert (await budgets.spent(day), await budgets.spent(month)) == (0, CENT)


async def test_parallel_reservations_never_exceed(database: Database, database_url: str, system: ShiftedSystem) -> None:
    """Fifty at once, over two pools, with the purses in any order: exactly what fits passes."""
    async with open_database(url=database_url, system=system) as second:
        keepers = [StoredBudgets(database=each, system=system) for each in (database, second)]
        wide = Purse("server", "day", Decimal(100))
        orders = ([DAY, wide], [wide, DAY])
        outcomes = await asyncio.gather(
            *(
                keepers[number % 2].reserve(orders[number // 2 % 2], Decimal("0.003"), reservation=f"r{number}")
                for number in range(50)
            )
        )
        assert outcomes.count(None) == 3
        assert {each for each in outcomes if each is not None} == {DAY}
        assert await keepers[0].spent(DAY) == await keepers[1].spent(wide) == Decimal("0.009")
        await asyncio.gather(*(keepers[n % 2].settle(f"r{n}", Decimal("0.002")) for n in range(50) for _ in range(2)))
        assert await keepers[0].spent(DAY) == await keepers[1].spent(wide) == Decimal("0.006")


async def test_what_a_crash_left_stays_counted(database: Database, system: ShiftedSystem) -> None:
    """Before and after it is given up; only a settlement before that corrects it."""
    budgets = StoredBudgets(database=database, system=system)
    long = Purse("k", "month", Decimal(1))
    await budgets.reserve([long], CENT, reservation="crashed")
    cut = system.now() + timedelta(milliseconds=1)
    system.shift += timedelta(milliseconds=2)
    await budgets.reserve([long], CENT, reservation="going on")
    assert await budgets.give_up(before=cut) == 1
    assert await budgets.give_up(before=cut) == 0
    assert await budgets.spent(long) == 2 * CENT
    await budgets.settle("crashed", Decimal(0))
    await budgets.settle("going on", Decimal(0))
    assert await budgets.spent(long) == CENT


async def test_what_a_dead_process_had_aside_is_given_up_at_once(database: Database, system: ShiftedSystem) -> None:
    """Its own reservations and nobody else's, whatever signs stand in the names."""
    budgets = StoredBudgets(database=database, system=system)
    purse = Purse("k", "month", Decimal(1))
    for name in ("spool_1.a", "spool_1.b", "spool_11.a", "spoolx1.a", "spool_1"):
        await budgets.reserve([purse], CENT, reservation=name)
    assert await budgets.give_up_of("spool_1") == 2
    assert await budgets.give_up_of("spool_1") == 0
    assert await budgets.spent(purse) == 5 * CENT
    for name in ("spool_1.a", "spool_1.b", "spool_11.a", "spoolx1.a", "spool_1"):
        await budgets.settle(name, Decimal(0))
    assert await budgets.spent(purse) == 2 * CENT


_AMOUNTS = st.decimals(min_value=0, max_value=Decimal("0.02"), places=9, allow_nan=False)
_STEPS = st.lists(st.tuples(st.sampled_from(["reserve", "settle"]), st.integers(0, 5), _AMOUNTS), max_size=15)
_RUNS = iter(range(1_000_000))


@given(steps=_STEPS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_of_steps_does_what_the_fake_does(
    database: Database, steps: list[tuple[str, int, Decimal]]
) -> None:
    """Database and memory agree on who passes and on what is spent, exactly."""
    calendar, run = Calendar(), next(_RUNS)
    real, fake = StoredBudgets(database=database, system=calendar), FakeBudgets(system=calendar)
    purses = [Purse(f"k{run}", "day", CENT), Purse(f"k{run}", "month", Decimal("0.03"))]
    seen: set[str] = set()
    for word, number, amount in steps:
        name = f"{run}-{number}"
        if word == "settle":
            await real.settle(name, amount)
            await fake.settle(name, amount)
        elif name not in seen:
            outcomes = [await each.reserve(purses, amount, reservation=name) for each in (real, fake)]
            assert outcomes[0] == outcomes[1]
            seen.add(name)
        for purse in purses:
            assert await real.spent(purse) == await fake.spent(purse)


async def test_one_settlement_crosses_each_line(budgets: Budgets) -> None:
    """Only what is known of is told, each line by the settlement that came to it, and none twice."""
    purses = [DAY, MONTH]
    for name in "abcd":
        assert await budgets.reserve(purses, Decimal("0.0025"), reservation=name) is None
    told = [
        await budgets.settle(name, Decimal(spent), purses=purses)
        for name, spent in (("a", "0.0025"), ("b", "0.0055"), ("c", "0.001"), ("c", "0.001"), ("d", "0.001"))
    ]
    assert [sorted((each.purse.period, each.percent) for each in lines) for lines in told] == [
        [],
        [("day", 80)],
        [],
        [],
        [("day", 100)],
    ]
    assert await budgets.reserve([MONTH], Decimal("0.003"), reservation="e") is None
    assert await budgets.settle("e", Decimal("0.003")) == ()
