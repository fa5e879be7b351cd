"""What is told of a run that has ended."""

from datetime import timedelta

import pytest

from tests.fakes.completions import Reply, Said
from tests.unit.analysis.conftest import World
from ultra.domain.errors import NetworkFailed
from ultra.domain.observations import RunEnded

CLOSED = "What is 17 * 23?"


@pytest.mark.parametrize(
    ("said", "status", "answered"),
    [(Reply("It is so.\nAnswer: 391"), "complete", 3), (NetworkFailed("gone"), "failed", 0)],
)
async def test_the_end_is_told_with_its_quorum(world: World, said: Said, status: str, answered: int) -> None:
    """Pattern, flow, status, how many of how many answered, and how long it took; once it is written."""
    world.completions.default = said
    run = await world.done(CLOSED, flow="vote")
    assert run.status == status
    (ended,) = [each for each in world.observer.noticed if isinstance(each, RunEnded)]
    assert (ended.pattern, ended.flow, ended.status) == ("consensus", "vote", status)
    assert (ended.answered, ended.asked) == (answered, 3)
    assert ended.total_s >= 0


async def test_an_end_that_could_not_be_written_is_not_told(world: World) -> None:
    """Another worker ends the run then, and tells of it."""
    run = await world.begin(CLOSED)
    claimed = await world.runs.claim(run.id, worker="other", until=world.system.now() + timedelta(hours=1))
    assert claimed is not None
    await world.analyst.conduct(claimed, "worker-1")
    assert not [each for each in world.observer.noticed if isinstance(each, RunEnded)]
