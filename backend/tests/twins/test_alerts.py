"""The book of alerts, on both databases and in memory."""

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.twins.shelf import ShiftedSystem
from ultra.domain.alerts import Alert, AlertBook, Standing


@pytest.fixture
def at(system: ShiftedSystem) -> datetime:
    """Return the present."""
    return system.now()


def alert(at: datetime, subject: str = "openai", name: str = "provider-down") -> Alert:
    """Return trouble."""
    return Alert(name, subject, True, "It does not answer.", at, "critical")


async def test_an_alert_is_news_once(alert_book: AlertBook, at: datetime) -> None:
    """The first of several workers that see it is told so, and so is the last that does not any more."""
    until = at + timedelta(seconds=60)
    assert await alert_book.hold(alert(at), holder="one", until=until)
    assert not await alert_book.hold(alert(at), holder="two", until=until)
    assert not await alert_book.hold(alert(at), holder="one", until=until)
    assert await alert_book.standing() == (Standing("provider-down", "openai", "It does not answer.", at),)
    assert not await alert_book.release("provider-down", "openai", holder="one")
    assert await alert_book.release("provider-down", "openai", holder="two")
    assert await alert_book.standing() == ()


async def test_of_many_at_once_one_is_first_and_one_is_last(alert_book: AlertBook, at: datetime) -> None:
    """However they meet, an alert is raised once and over once."""
    until = at + timedelta(seconds=60)
    workers = [f"worker-{number}" for number in range(6)]
    for _ in range(3):
        held = await asyncio.gather(*(alert_book.hold(alert(at), holder=each, until=until) for each in workers))
        assert held.count(True) == 1
        over = await asyncio.gather(*(alert_book.release("provider-down", "openai", holder=each) for each in workers))
        assert over.count(True) == 1


async def test_what_nobody_knows_of_is_over(alert_book: AlertBook) -> None:
    """Whoever raised an alert while the book was away may say that it is over."""
    assert await alert_book.release("provider-down", "openai", holder="one")


async def test_the_alerts_of_a_dead_worker_end(alert_book: AlertBook, at: datetime) -> None:
    """Those that a living one sees too go on; what only the dead one saw is given back once."""
    await alert_book.hold(alert(at, "openai"), holder="dead", until=at + timedelta(seconds=60))
    await alert_book.hold(alert(at, "gemini"), holder="dead", until=at + timedelta(seconds=60))
    await alert_book.hold(alert(at, "gemini"), holder="alive", until=at + timedelta(seconds=60))
    await alert_book.renew(holder="alive", until=at + timedelta(seconds=120))
    assert await alert_book.abandoned(now=at + timedelta(seconds=30)) == ()
    left = await alert_book.abandoned(now=at + timedelta(seconds=90))
    assert [each.subject for each in left] == ["openai"]
    assert await alert_book.abandoned(now=at + timedelta(seconds=90)) == ()
    assert [each.subject for each in await alert_book.standing()] == ["gemini"]


async def test_a_long_subject_is_cut_for_everybody_alike(alert_book: AlertBook, at: datetime) -> None:
    """The name of a model may be longer than a key of the book."""
    long = "m" * 1000
    assert await alert_book.hold(alert(at, long), holder="one", until=at + timedelta(seconds=60))
    assert not await alert_book.hold(alert(at, long), holder="two", until=at + timedelta(seconds=60))
    assert not await alert_book.release("provider-down", long, holder="one")
    assert await alert_book.release("provider-down", long, holder="two")
