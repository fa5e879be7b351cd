"""Steps run beside one another or alone, and whatever happens to one is an outcome."""

import asyncio
from typing import ClassVar

import pytest

from ultra.readiness import Need, NotRun, Outcome, Stage, Step, UnknownStep, Unmet, choose, every_step, run
from ultra.readiness.asking import Line
from ultra.system import System

pytestmark = pytest.mark.anyio

LOG: list[str] = []


class Quiet(Step):
    """Passes."""

    name = "quiet"
    title = "Quiet"
    advice = "Nothing."
    waits: ClassVar[float] = 0.01

    async def check(self, stage: Stage) -> str:
        """Begin, wait, end."""
        LOG.append(f"{self.name} begins")
        await asyncio.sleep(self.waits)
        LOG.append(f"{self.name} ends")
        return "Seen."


class Other(Quiet):
    """Runs beside it."""

    name = "other"


class First(Quiet):
    """Runs alone, before `Second`."""

    name = "z-first"
    turn = 1


class Second(Quiet):
    """Runs alone."""

    name = "a-second"
    turn = 2


class Slow(Quiet):
    """Takes too long."""

    name = "slow"
    patience_s = 0.02
    waits = 5.0


class Needy(Quiet):
    """Needs what is not there."""

    needs = frozenset({Need.ADMIN, Need.LOGS})


def breaking(error: Exception) -> Step:
    """Return a step that ends with an error."""

    class Breaking(Quiet):
        async def check(self, stage: Stage) -> str:
            """Break."""
            raise error

    return Breaking()


@pytest.fixture
def stage() -> Stage:
    """Look at a server that offers nothing but to be asked."""
    LOG.clear()
    return Stage(line=Line("http://127.0.0.1:9", System()), origin="https://ultra.example")


async def test_what_disturbs_nobody_runs_together_and_the_rest_in_turn(stage: Stage) -> None:
    """Two begin before either ends; those with a turn wait for them and for one another."""
    told: list[Outcome] = []
    found = await run((Second(), Quiet(), First(), Other()), stage, tell=told.append)
    assert {LOG[0], LOG[1]} == {"quiet begins", "other begins"}
    assert LOG[4:] == ["z-first begins", "z-first ends", "a-second begins", "a-second ends"]
    assert [each.id for each in found] == ["a-second", "quiet", "z-first", "other"]
    assert sorted(each.id for each in told) == sorted(each.id for each in found)


@pytest.mark.parametrize(
    ("error", "result", "said"),
    [
        (Unmet("It is open."), "failed", "It is open."),
        (NotRun("There is no key."), "not_run", "There is no key."),
        (KeyError("usage"), "failed", "usage"),
        (TypeError("None is no list"), "failed", "None is no list"),
    ],
)
async def test_an_error_is_an_outcome(stage: Stage, error: Exception, result: str, said: str) -> None:
    """A failure has advice; a reply that lacks something fails the step and ends nothing."""
    found, after = await run((breaking(error), Other()), stage)
    assert found.result == result
    assert said in found.said
    assert (found.advice is not None) == (result == "failed")
    assert after.result == "passed"


async def test_a_step_has_a_deadline(stage: Stage) -> None:
    """What hangs has failed."""
    (found,) = await run((Slow(),), stage)
    assert (found.result, found.said) == ("failed", "It was not done within 0.02 s.")


async def test_what_is_not_offered_is_not_run(stage: Stage) -> None:
    """A step whose needs are not met says what is missing, and is not begun."""
    (found,) = await run((Needy(),), stage)
    assert (found.result, found.said, LOG) == ("not_run", Need.LOGS.sentence, [])


def test_every_step_says_what_it_is_and_what_to_do() -> None:
    """Ids are words with hyphens; titles and advice are sentences of their own; order is by turn."""
    steps = every_step()
    assert len({step.name for step in steps}) == len({step.title for step in steps}) == len(steps) > 20
    assert all(step.name == step.name.lower() and " " not in step.name for step in steps)
    assert all(step.advice.endswith(".") and not step.title.endswith(".") for step in steps)
    assert [step.turn for step in steps] == sorted(step.turn for step in steps)
    assert steps[-1].name == "secrets", "what has been written is searched when everything was"


def test_steps_are_chosen_by_id() -> None:
    """In their own order; one that does not exist is refused with those there are."""
    assert [step.name for step in choose(["secrets", "alive"])] == ["alive", "secrets"]
    assert len(choose([])) == len(every_step())
    with pytest.raises(UnknownStep, match=r"'alove'.*alive"):
        choose(["alove"])
