"""The first round of a run, as it would be asked."""

from decimal import Decimal

import pytest

from tests.unit.analysis.conftest import MODELS, World
from ultra.analysis import AnalysisPolicy, FirstRounds, known_flows
from ultra.domain.analysis import Run


def first(world: World, run: Run):
    """Return the requests of its first round."""
    rounds = FirstRounds(
        catalogue=world.catalogue,
        patterns=world.patterns,
        flows=known_flows(),
        system=world.system,
        policy=AnalysisPolicy(),
    )
    return rounds.of(run)


@pytest.mark.parametrize("flow", sorted(known_flows()))
async def test_it_is_what_is_really_asked(world: World, flow: str) -> None:
    """Word for word and token for token: what is said of it beforehand is true of it."""
    run = await world.begin(flow=flow, budget_usd=Decimal("0.05"))
    imagined = first(world, run)
    await world.conduct(run)
    really = [each.request for each in world.completions.asked[: len(imagined)]]
    assert imagined
    assert sorted(map(repr, imagined)) == sorted(map(repr, really))
    assert len(imagined) == (1 if flow == "route" else len(MODELS))


async def test_what_its_own_budget_does_not_reach_for_is_not_asked(world: World) -> None:
    """Such a run ends by itself, and says why."""
    assert first(world, await world.begin(budget_usd=Decimal("0.000001"))) == ()
