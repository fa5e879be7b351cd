"""Lists of models that are missing or old are named."""

from datetime import timedelta

from tests.fakes.system import FakeSystem
from ultra.checks.conditions.model_lists import ModelListsCondition
from ultra.domain.errors import TimedOut
from ultra.domain.models import ListedModel
from ultra.inventory.live import LiveList

LISTED = {"a": ListedModel("a")}


def check(system: FakeSystem, **lists: LiveList) -> ModelListsCondition:
    """Return a check of these lists, which are old after half an hour."""
    return ModelListsCondition(lists=lambda: lists, system=system, stale_s=1800.0)


async def test_fresh_lists_are_well() -> None:
    """With their age and length by provider."""
    system = FakeSystem(jumps=False)
    now = system.now()
    found = await check(system, openai=LiveList(LISTED, now, now)).look()
    assert found.health == "pass"
    assert found.facts == {"openai": {"read_at": now.isoformat(), "models": 1, "error": None}}


async def test_lists_that_nobody_has_read_yet_are_unknown() -> None:
    """Shortly after the start there is nothing to tell."""
    found = await check(FakeSystem(), openai=LiveList()).look()
    assert (found.health, found.is_known) == ("warn", False)


async def test_a_list_that_cannot_be_read_is_named() -> None:
    """One that was never read, at once; one that was, when it has become old."""
    system = FakeSystem(jumps=False)
    now, error = system.now(), TimedOut("late")
    never, once = LiveList(None, None, now, error), LiveList(LISTED, now, now, error)
    found = await check(system, gemini=never, openai=once).look()
    assert (found.health, found.reason) == ("warn", "No fresh list of models of gemini.")
    assert found.facts["gemini"] == {"read_at": None, "models": None, "error": "timed_out"}
    system.advance(timedelta(minutes=31).total_seconds())
    found = await check(system, openai=once).look()
    assert found.reason == "No fresh list of models of openai."
