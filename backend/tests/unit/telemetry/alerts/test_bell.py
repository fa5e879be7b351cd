"""Each change is told once, to every channel that lives."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.alerts import FakeAlertBook
from tests.fakes.system import FakeSystem
from ultra.domain.alerts import Alert
from ultra.domain.errors import Unavailable
from ultra.domain.observations import BreakerMoved, BudgetReached
from ultra.telemetry.alerts.bell import RETRY_S, Bell
from ultra.telemetry.alerts.channels import Channels, Delivery
from ultra.telemetry.alerts.rules import Rules

AT = datetime(2026, 1, 1, tzinfo=UTC)


class ToldChannels(Channels):
    """Channels of which each fails as often as it should, or never answers."""

    def __init__(self, *names: str) -> None:
        super().__init__(read=lambda: None)
        self.listed = names
        self.failures: dict[str, int] = {}
        self.hanging: set[str] = set()
        self.told: list[tuple[str, str]] = []

    def names(self) -> tuple[str, ...]:
        """Return those of this test."""
        return self.listed

    async def tell(self, channel: str, *, title: str, body: str, tone: str) -> Delivery:
        """Keep what was told."""
        del body, tone
        if channel in self.hanging:
            await asyncio.Event().wait()
        if self.failures.get(channel, 0):
            self.failures[channel] -= 1
            return Delivery(channel, is_told=False, reason="refused")
        self.told.append((channel, title))
        return Delivery(channel, is_told=True)


class AwayBook(FakeAlertBook):
    """A book that cannot be asked."""

    async def hold(self, alert: Alert, *, holder: str, until: datetime) -> bool:
        """Fail."""
        raise Unavailable("The store cannot be reached.")

    async def release(self, name: str, subject: str, *, holder: str) -> bool:
        """Fail."""
        raise Unavailable("The store cannot be reached.")


@asynccontextmanager
async def ringing(
    system: FakeSystem, channels: ToldChannels, book: FakeAlertBook, holder: str = "one"
) -> AsyncIterator[Bell]:
    """Open a bell."""
    async with Bell(
        rules=Rules(system=system),
        book=book,
        channels=channels,
        system=system,
        holder=holder,
        environment="testing",
        patience_s=0.05,
    ) as bell:
        yield bell


def breaker(state: str) -> BreakerMoved:
    """Return the move of a provider's breaker."""
    return BreakerMoved("openai", "openai/*", AT, state, "timed_out", None)


async def until(is_so: Callable[[], object]) -> None:
    """Wait a little for something."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.001)


@pytest.fixture
def system() -> FakeSystem:
    """Return a clock that is told."""
    return FakeSystem(jumps=False)


async def test_a_change_is_told_with_its_end(system: FakeSystem) -> None:
    """Every channel hears both."""
    channels = ToldChannels("mail", "chat")
    async with ringing(system, channels, FakeAlertBook()) as bell:
        for state in ("open", "half_open", "open", "closed"):
            bell.notice(breaker(state))
        await until(lambda: len(channels.told) == 4)
    down, over = "Ultra (testing): provider-down openai", "Ultra (testing): over: provider-down openai"
    assert sorted(channels.told) == sorted([(each, title) for each in ("mail", "chat") for title in (down, over)])


async def test_two_workers_tell_it_once(system: FakeSystem) -> None:
    """Whoever sees it second says nothing, and it is over when the last one does not see it any more."""
    channels, book = ToldChannels("mail"), FakeAlertBook()
    async with ringing(system, channels, book) as one, ringing(system, channels, book, "two") as two:
        for state, count in (("open", 1), ("closed", 2)):
            for bell in (one, two):
                bell.notice(breaker(state))
            await until(lambda count=count: len(channels.told) == count)
    assert [title.startswith("Ultra (testing): over") for _, title in channels.told] == [False, True]


async def test_a_channel_that_fails_is_tried_again(system: FakeSystem) -> None:
    """After growing pauses; the others have been told long since."""
    channels = ToldChannels("mail", "chat")
    channels.failures["mail"] = 2
    async with ringing(system, channels, FakeAlertBook()) as bell:
        bell.notice(breaker("open"))
        await until(lambda: channels.told)
        for pause in RETRY_S[:2]:
            await until(lambda pause=pause: pause in system.slept)
            await system.tick(pause)
        await until(lambda: len(channels.told) == 2)
    assert [name for name, _ in channels.told] == ["chat", "mail"]


async def test_a_dead_channel_is_given_up_and_counted(system: FakeSystem) -> None:
    """The message is lost for it, and that is said."""
    channels = ToldChannels("mail")
    channels.failures["mail"] = 99
    async with ringing(system, channels, FakeAlertBook()) as bell:
        bell.notice(breaker("open"))
        for pause in RETRY_S:
            await until(lambda pause=pause: pause in system.slept)
            await system.tick(pause)
        await until(lambda: bell.lost)
    assert bell.lost == 1


async def test_a_channel_that_hangs_holds_nobody_up(system: FakeSystem) -> None:
    """Neither whoever noticed, nor other channels, nor the end."""
    channels = ToldChannels("dead", "chat")
    channels.hanging.add("dead")
    async with ringing(system, channels, FakeAlertBook()) as bell:
        for _ in range(500):
            bell.notice(BudgetReached(AT, "key:k", "day", 80))
        await until(lambda: channels.told)
    assert {name for name, _ in channels.told} == {"chat"}
    assert bell.lost


async def test_without_the_book_each_worker_tells_by_itself(system: FakeSystem) -> None:
    """An alert that comes twice is better than none while the database is away."""
    channels = ToldChannels("mail")
    async with ringing(system, channels, AwayBook()) as bell:
        bell.notice(breaker("open"))
        bell.notice(breaker("closed"))
        await until(lambda: len(channels.told) == 2)


async def test_what_a_dead_worker_raised_is_over_after_a_while(system: FakeSystem) -> None:
    """A living one says so."""
    channels, book = ToldChannels("mail"), FakeAlertBook()
    trouble = Alert("provider-down", "openai", True, "It does not answer.", AT)
    await book.hold(trouble, holder="dead", until=system.now() + timedelta(seconds=10))
    async with ringing(system, channels, book):
        await until(lambda: system.slept)
        await system.tick(16)
        await until(lambda: channels.told)
    assert channels.told == [("mail", "Ultra (testing): over: provider-down openai")]
