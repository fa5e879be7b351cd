"""A round asks everybody at once and closes when it may."""

from datetime import timedelta

import pytest

from tests.fakes.completions import Reply
from tests.unit.analysis.conftest import World
from ultra.analysis.panel import Panel, Round
from ultra.analysis.policy import AnalysisPolicy
from ultra.analysis.scribe import Scribe
from ultra.domain.analysis import Answer, Ask, Enough, PanelCall, Prompt
from ultra.domain.errors import NetworkFailed


async def asked(
    world: World, seconds: float = 60.0, known: dict[str, Answer] | None = None, **rules: object
) -> list[Answer]:
    """Ask the three models one round under these rules."""
    run = await world.begin()
    assert await world.runs.claim(run.id, worker="w", until=world.system.now() + timedelta(hours=1))
    models = ("a/one", "b/two", "c/three")
    calls = tuple(PanelCall(f"member-{n}", name, Prompt("", "Why?")) for n, name in enumerate(models, start=1))
    ask = Ask("answer", calls, **rules)
    panel = Panel(completions=world.completions, system=world.system, policy=AnalysisPolicy())
    scribe = Scribe(journal=world.journal, run_id=run.id, worker="w")
    deadline = world.system.monotonic() + seconds
    return list(await panel.ask(run, Round(ask, ("k1", "k2", "k3"), deadline, known or {}), scribe))


def at_least(count: int) -> Enough:
    """Make a rule that is content with so many answers."""
    return lambda answers, _: sum(answer.status == "ok" for answer in answers) >= count


def delayed(world: World, *seconds: float) -> None:
    """Let the three models answer after so many seconds."""
    for name, delay in zip(("a/one", "b/two", "c/three"), seconds, strict=True):
        world.say(name, Reply(f"Words of {name}.", delay=delay))


async def test_answers_come_in_the_order_of_the_calls(world: World) -> None:
    """Who is quick is not first."""
    delayed(world, 3.0, 1.0, 2.0)
    answers = await asked(world)
    assert [answer.role for answer in answers] == ["member-1", "member-2", "member-3"]
    assert [answer.duration_s for answer in answers] == pytest.approx([3.0, 1.0, 2.0])


async def test_a_settled_round_closes_at_once(world: World) -> None:
    """When nobody missing could change the result, there is no grace."""
    delayed(world, 1.0, 1.0, 1.5)
    before = world.system.monotonic()
    answers = await asked(world, enough=at_least(2), settled=at_least(2))
    assert world.system.monotonic() - before == pytest.approx(1.0)
    assert [answer.error_kind for answer in answers] == [None, None, "cancelled"]


@pytest.mark.parametrize(
    ("late", "patient_for", "is_in"),
    [(1.9, None, True), (2.5, None, False), (2.5, "member-3", True), (4.5, "member-3", False)],
)
async def test_the_grace_is_longer_for_one_member(
    world: World, late: float, patient_for: str | None, is_in: bool
) -> None:
    """After a quorum at one second, others have one second more, and the one worth waiting for three."""
    delayed(world, 1.0, 1.0, late)
    answers = await asked(world, enough=at_least(2), patient_for=patient_for)
    assert (answers[2].status == "ok") is is_in


async def test_without_a_rule_everybody_is_waited_for(world: World) -> None:
    """Only the deadline ends a round that has no rule."""
    delayed(world, 1.0, 1.0, 50.0)
    assert [answer.status for answer in await asked(world)] == ["ok", "ok", "ok"]


async def test_at_the_deadline_text_that_came_is_kept(world: World) -> None:
    """A member cut off by the deadline has failed with what it had said."""
    world.say("a/one", Reply(pieces=("Some ", "words ", "more"), pace=20.0))
    answers = await asked(world, 50.0)
    assert (answers[0].status, answers[0].error_kind, answers[0].text) == ("failed", "timed_out", "Some words ")


async def test_known_answers_are_not_asked_for_again(world: World) -> None:
    """A resumed round asks only what is missing."""
    known = {"k2": Answer("member-2", "b/two", "answer", "ok", "Known.", call_key="k2")}
    answers = await asked(world, known=known)
    assert answers[1].text == "Known."
    assert [each.request.model for each in world.completions.asked] == ["a/one", "c/three"]


async def test_a_round_of_failures_ends(world: World) -> None:
    """When everybody has failed there is nothing to wait for."""
    world.completions.default = NetworkFailed("Reset.")
    before = world.system.monotonic()
    answers = await asked(world, enough=at_least(2))
    assert {answer.error_kind for answer in answers} == {"network_failed"}
    assert world.system.monotonic() == before
    assert {answer.cost_usd for answer in answers} == {0}
