"""A purse is nearly used up once, and used up once."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.fakes.observer import FakeObserver
from tests.fakes.system import FakeSystem
from ultra.domain.limits import Purse, Reached, reached
from ultra.domain.observations import BudgetReached
from ultra.gateway.milestones import Milestones

DAY = Purse("user:ann", "day", Decimal(10))


@pytest.mark.parametrize(
    ("before", "after", "percents"),
    [
        ("0", "7.99", []),
        ("7.99", "8", [80]),
        ("8", "9.99", []),
        ("7", "10", [80, 100]),
        ("9.99", "10.5", [100]),
        ("10", "11", []),
    ],
)
def test_a_line_is_crossed_by_what_comes_to_it(before: str, after: str, percents: list[int]) -> None:
    """Coming to it counts, lying beyond it does not."""
    lines = reached(DAY, before=Decimal(before), after=Decimal(after))
    assert lines == tuple(Reached(DAY, percent) for percent in percents)  # type: ignore[arg-type]  # 80 and 100


@pytest.fixture
def observer() -> FakeObserver:
    """Make somebody who listens."""
    return FakeObserver()


@pytest.fixture
def system() -> FakeSystem:
    """Make a clock."""
    return FakeSystem(at=datetime(2026, 1, 30, tzinfo=UTC))


@pytest.fixture
def milestones(observer: FakeObserver, system: FakeSystem) -> Milestones:
    """Make what is tried here."""
    return Milestones(observer=observer, system=system)


def test_lines_are_told_with_whose_they_are(milestones: Milestones, observer: FakeObserver, system: FakeSystem) -> None:
    """Purse, period and share."""
    milestones.crossed([Reached(DAY, 80)])
    assert observer.noticed == [BudgetReached(system.now(), "user:ann", "day", 80)]


def test_the_first_refusal_of_a_purse_that_is_nearly_empty_counts(
    milestones: Milestones, observer: FakeObserver
) -> None:
    """Later ones are no news, and one out of a purse that is half full says nothing of the purse."""
    milestones.refused(DAY, used_usd=Decimal(5))
    assert not observer.noticed
    for _ in range(3):
        milestones.refused(DAY, used_usd=Decimal("9.5"))
    assert [each.percent for each in observer.noticed if isinstance(each, BudgetReached)] == [100]
    assert not milestones.is_news(DAY)


def test_one_that_was_spent_to_the_end_is_not_told_again(milestones: Milestones, observer: FakeObserver) -> None:
    """The refusals that follow say the same."""
    milestones.crossed([Reached(DAY, 100)])
    milestones.refused(DAY, used_usd=Decimal(10))
    assert len(observer.noticed) == 1


@pytest.mark.parametrize(("period", "is_news"), [("day", True), ("month", False)])
def test_another_period_begins_anew(milestones: Milestones, system: FakeSystem, period: str, is_news: bool) -> None:
    """A day later the day is another one, and the month still the same."""
    purse = Purse("user:ann", period, Decimal(10))  # type: ignore[arg-type]  # a period
    milestones.refused(purse, used_usd=Decimal(10))
    system.advance(24 * 3600)
    assert milestones.is_news(purse) is is_news
