"""The watch looks at everything in its own time, remembers, and tells of every change once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.fakes.checks import FakeCheck
from tests.fakes.observer import FakeObserver
from tests.fakes.system import FakeSystem
from ultra.checks.conditions.check import Diagnosis
from ultra.checks.watch import Watch
from ultra.domain.errors import Unavailable
from ultra.domain.findings import Condition
from ultra.domain.observations import ConditionChanged


class Ward:
    """A watch over checks, with everything at hand."""

    def __init__(self, *checks: FakeCheck) -> None:
        self.system = FakeSystem(jumps=False)
        self.observer = FakeObserver()
        self.checks = checks
        self.is_leaving = False
        self.watch = Watch(
            checks=checks, is_leaving=lambda: self.is_leaving, observer=self.observer, system=self.system
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Ward"]:
        """Have everything looked at once."""
        async with self.watch:
            await self.system.settled()
            yield self

    def condition(self, name: str = "fake") -> Condition:
        """Return how a part is."""
        return next(each for _, each in self.watch.conditions() if each.name == name)

    @property
    def changes(self) -> list[tuple[str, str | None, str]]:
        """What the observer was told."""
        told = [each for each in self.observer.noticed if isinstance(each, ConditionChanged)]
        return [(each.name, each.before, each.after) for each in told]


def needed(name: str = "fake", **more: object) -> FakeCheck:
    """Return a check of something that is needed to serve."""
    check = FakeCheck(name, **more)
    check.is_needed = True
    return check


async def test_everything_is_looked_at_again_and_again() -> None:
    """Each at its own interval, within a tenth of it."""
    often, seldom = FakeCheck("often"), FakeCheck("seldom")
    often.every_s, seldom.every_s = 2.0, 60.0
    async with Ward(often, seldom).open() as ward:
        assert (often.looks, seldom.looks) == (1, 1)
        await ward.system.tick(59)
        assert 1 + 59 / 2.2 - 1 <= often.looks <= 1 + 59 / 1.8
        await ward.system.tick(8)
        assert seldom.looks == 2
        assert ward.condition("often").checked_at > ward.condition("seldom").checked_at


async def test_what_was_never_looked_at_is_not_well() -> None:
    """Unknown is no `pass`: it fails what is needed and warns of everything else."""
    ward = Ward(FakeCheck("a"), needed("b"))
    assert [each.health for _, each in ward.watch.conditions()] == ["warn", "fail"]
    assert (ward.watch.health, ward.watch.is_ready) == ("fail", False)
    async with ward.open():
        assert (ward.watch.health, ward.watch.is_ready) == ("pass", True)


async def test_entering_waits_for_what_is_needed_and_for_nothing_else() -> None:
    """A start is right about being ready at once, and no dead service keeps it waiting."""
    hanging = FakeCheck("hanging", None)
    async with Ward(hanging, needed("database")).open() as ward:
        assert ward.watch.is_ready
        assert ward.condition("hanging").reason == "It has not been looked at yet."
        assert ward.changes == [("database", None, "pass")]


async def test_only_what_is_needed_decides_about_being_ready() -> None:
    """A failing part that Ultra can do without makes it `warn`."""
    database, provider = needed("database"), FakeCheck("provider", Diagnosis("fail", "It is away."))
    async with Ward(database, provider).open() as ward:
        assert (ward.watch.is_ready, ward.watch.health) == (True, "warn")
        database.found = Diagnosis("warn", "It is slow.")
        await ward.system.tick(12)
        assert (ward.watch.is_ready, ward.watch.health) == (True, "warn")
        database.found = Diagnosis("fail", "It is gone.")
        await ward.system.tick(6)
        assert (ward.watch.is_ready, ward.watch.health) == (False, "fail")


async def test_who_leaves_is_not_ready() -> None:
    """From the very moment, without a look at anything."""
    async with Ward(needed()).open() as ward:
        ward.is_leaving = True
        assert (ward.watch.is_ready, ward.watch.health, ward.watch.is_leaving) == (False, "fail", True)
        assert ward.condition().health == "pass"


async def test_a_change_is_told_once_with_its_reason() -> None:
    """The first look, a failure, and the return: three facts, however often it was looked at."""
    check = FakeCheck()
    async with Ward(check).open() as ward:
        check.found = Unavailable("The store cannot be reached.", hint="Is it running?", code="store_unreachable")
        await ward.system.tick(120)
        check.found = Diagnosis("pass")
        await ward.system.tick(120)
        assert ward.changes == [("fake", None, "pass"), ("fake", "pass", "fail"), ("fake", "fail", "pass")]
        failed = ward.observer.noticed[1]
        assert isinstance(failed, ConditionChanged)
        assert failed.reason == "The store cannot be reached. Is it running?"


async def test_since_is_the_time_of_the_change() -> None:
    """It stays while nothing changes, whatever the reason is; `checked_at` goes on."""
    check = FakeCheck()
    async with Ward(check).open() as ward:
        began = ward.condition().since
        await ward.system.tick(100)
        assert ward.condition().since == began
        check.found = Diagnosis("fail", "one")
        await ward.system.tick(12)
        failed = ward.condition().since
        check.found = Diagnosis("fail", "another")
        await ward.system.tick(12)
        assert (ward.condition().since, ward.condition().reason) == (failed, "another")
        assert ward.condition().checked_at > failed > began


async def test_what_is_not_well_is_looked_at_sooner() -> None:
    """So that its return is seen within seconds, even of what is usually looked at once in a while."""
    check = FakeCheck(found=Diagnosis("fail", "It is gone."))
    check.every_s = 3600.0
    async with Ward(check).open() as ward:
        check.found = Diagnosis("pass")
        await ward.system.tick(5.6)
        assert ward.condition().health == "pass"


async def test_a_hanging_check_fails_by_itself_and_delays_nobody() -> None:
    """It is cut at its deadline, told of in words, and looked at again later."""
    hanging, other = FakeCheck("hanging"), FakeCheck("other")
    async with Ward(hanging, other).open() as ward:
        hanging.found = None
        looks = other.looks
        await ward.system.tick(14)
        assert ward.condition("hanging").health == "fail"
        assert ward.condition("hanging").reason == "It did not answer within 2 s."
        assert other.looks > looks
        hanging.found = Diagnosis("pass")
        await ward.system.tick(6)
        assert ward.condition("hanging").health == "pass"


async def test_what_does_not_even_let_go_is_not_asked_twice() -> None:
    """A look that ignores its end keeps its place: it fails at every interval, and no second one is begun."""
    check = FakeCheck(found=None)
    check.is_stubborn = True
    async with Ward(check).open() as ward:
        await ward.system.tick(60)
        assert (check.looks, ward.condition().health) == (1, "fail")
        check.found = Diagnosis("pass")
        check.go.set()
        await ward.system.tick(12)
        assert ward.condition().health == "pass"


async def test_a_check_that_breaks_is_a_failure_of_its_part(caplog: pytest.LogCaptureFixture) -> None:
    """The kind of the error is named, its text is not, and the watch goes on."""
    check = FakeCheck(found=ValueError("with a secret"))
    async with Ward(check).open() as ward:
        assert ward.condition().reason == "It cannot be looked at (ValueError)."
        assert "fake cannot be looked at" in caplog.text
        check.found = Diagnosis("pass")
        await ward.system.tick(6)
        assert ward.condition().health == "pass"


async def test_a_nervous_change_must_be_seen_again() -> None:
    """Between `pass` and `warn` it counts once it was seen several times in a row; flapping is never told."""
    check = FakeCheck()
    check.steady = 3
    async with Ward(check).open() as ward:
        for found in ("warn", "pass", "warn", "warn", "pass") * 3:
            check.found = Diagnosis(found, "It twitches." if found == "warn" else None)  # type: ignore[arg-type]  # both are
            looks = check.looks
            while check.looks == looks:
                await ward.system.tick(1)
            assert ward.condition().health == "pass"
        check.found = Diagnosis("warn", "It is slow.")
        await ward.system.tick(40)
        assert ward.condition().health == "warn"
        assert ward.changes == [("fake", None, "pass"), ("fake", "pass", "warn")]


@pytest.mark.parametrize("steady", [1, 5])
async def test_being_unable_to_work_is_never_doubted(steady: int) -> None:
    """`fail` counts at once, and so does the way out of it."""
    check = FakeCheck(found=Diagnosis("warn", "It is slow."))
    check.steady = steady
    async with Ward(check).open() as ward:
        check.found = Diagnosis("fail", "It is gone.")
        await ward.system.tick(6)
        assert ward.condition().health == "fail"
        check.found = Diagnosis("pass")
        await ward.system.tick(6)
        assert ward.condition().health == "pass"


async def test_what_nobody_can_know_yet_is_no_news() -> None:
    """Until something is known it warns with its facts, is looked at every second, and the observer hears nothing."""
    check = FakeCheck(found=Diagnosis("warn", "Nothing is known.", {"key": True}, is_known=False))
    async with Ward(check).open() as ward:
        await ward.system.tick(5)
        assert check.looks >= 4
        assert (ward.condition().reason, ward.condition().facts) == ("Nothing is known.", {"key": True})
        assert ward.changes == []
        check.found = Diagnosis("pass")
        await ward.system.tick(2)
        assert ward.changes == [("fake", None, "pass")]


@pytest.mark.parametrize("trouble", [Unavailable("The store cannot be reached."), None])
async def test_whoever_looks_through_something_that_is_away_finds_nothing_out(trouble: Unavailable | None) -> None:
    """What was known before stays, with the time it was looked at, and nothing is told: the other part has a check."""
    check = FakeCheck()
    check.is_indirect = True
    async with Ward(check).open() as ward:
        before = ward.condition()
        check.found = trouble
        await ward.system.tick(100)
        assert check.looks > 1
        assert ward.condition() == before
        assert ward.changes == [("fake", None, "pass")]
        check.found = Diagnosis("fail", "It is wrong.")
        await ward.system.tick(15)
        assert ward.condition().health == "fail"


async def test_a_start_does_not_wait_for_what_cannot_be_found_out() -> None:
    """It is not ready, and becomes so by itself."""
    check = needed(found=Unavailable("The store cannot be reached."))
    check.is_indirect = True
    async with Ward(check).open() as ward:
        assert not ward.watch.is_ready
        check.found = Diagnosis("pass")
        await ward.system.tick(2)
        assert ward.watch.is_ready


async def test_a_start_that_is_given_up_leaves_nobody_looking() -> None:
    """Who stops waiting for the first look ends all of them."""
    check = needed(found=None)
    ward = Ward(check, FakeCheck("other"))
    entering = asyncio.ensure_future(ward.watch.__aenter__())
    await ward.system.settled()
    entering.cancel()
    await asyncio.wait({entering})
    looks = ward.checks[1].looks
    await ward.system.tick(100)
    assert ward.checks[1].looks == looks


async def test_leaving_ends_every_look() -> None:
    """Those under way as well, and nothing is looked at afterwards."""
    hanging, calm = FakeCheck("hanging", None), FakeCheck("calm")
    ward = Ward(hanging, calm)
    async with ward.open():
        pass
    await ward.system.tick(100)
    assert (hanging.looks, calm.looks) == (1, 1)


async def test_an_observer_hears_in_the_log_too(caplog: pytest.LogCaptureFixture) -> None:
    """Operators without alerts find each change in the log, the good ones as well."""
    caplog.set_level("INFO", logger="ultra.checks")
    check = FakeCheck()
    async with Ward(check).open() as ward:
        check.found = Diagnosis("warn", "It is slow.")
        await ward.system.tick(60)
        check.found = Diagnosis("pass")
        await ward.system.tick(60)
    assert [each.getMessage() for each in caplog.records] == ["fake: warn: It is slow.", "fake is well again"]


async def test_other_checks_can_be_watched_over() -> None:
    """What stays is known as before, what came is looked at, and what went is neither shown nor looked at."""
    stays, goes = FakeCheck("stays"), FakeCheck("goes")
    async with Ward(stays, goes).open() as ward:
        before = ward.condition("stays")
        ward.watch.replace_checks([FakeCheck("stays"), FakeCheck("comes")])
        await ward.system.settled()
        assert [each.name for _, each in ward.watch.conditions()] == ["stays", "comes"]
        assert ward.condition("stays") == before
        assert ward.condition("comes").health == "pass"
        looks = goes.looks, stays.looks
        await ward.system.tick(120)
        assert goes.looks == looks[0]
        assert stays.looks > looks[1]
