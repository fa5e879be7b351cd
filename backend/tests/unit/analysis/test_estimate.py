"""A run's cost is imagined from its own flow and prompts."""

from decimal import Decimal

import pytest

from tests.fakes.catalogue import model
from tests.unit.analysis.conftest import MODELS, World
from ultra.analysis import AnalysisPolicy, Estimator, RunEstimate, known_flows
from ultra.domain.analysis import Question, RunOptions


def estimated(world: World, flow: str, prompt: str = "Why is the sky blue?", deadline_s: float = 120.0) -> RunEstimate:
    """Estimate a run of that flow over the three models."""
    estimator = Estimator(
        catalogue=world.catalogue,
        patterns=world.patterns,
        flows=known_flows(),
        system=world.system,
        policy=AnalysisPolicy(),
    )
    return estimator.estimate(Question(prompt), RunOptions(flow=flow, deadline_s=deadline_s), MODELS)


@pytest.mark.parametrize(
    ("flow", "calls"),
    [
        ("route", (1, 1, 1)),
        ("compare", (3, 3, 3)),
        ("vote", (3, 3, 3)),
        ("adaptive", (4, 4, 6)),
        ("council", (7, 7, 9)),
        ("full", (10, 10, 12)),
    ],
)
def test_calls_are_those_of_the_flow(world: World, flow: str, calls: tuple[int, int, int]) -> None:
    """One synthesis is expected of an open question; failing synthesisers are the worst case."""
    found = estimated(world, flow).calls
    assert (found.minimum, found.expected, found.maximum) == calls


def test_a_closed_question_may_stop_early(world: World) -> None:
    """Agreement on a closed question needs no synthesis."""
    found = estimated(world, "adaptive", "What is 2 + 2?").calls
    assert (found.minimum, found.expected) == (3, 3)
    assert found.maximum > 3


def test_costs_and_times_are_ordered(world: World) -> None:
    """The smallest is not above the expected, nor that above the largest; the deadline bounds the time."""
    found = estimated(world, "full", deadline_s=30.0)
    assert found.cost.minimum is not None
    assert found.cost.expected is not None
    assert found.cost.maximum is not None
    assert Decimal(0) < found.cost.minimum < found.cost.expected < found.cost.maximum
    assert found.seconds.minimum <= found.seconds.expected <= found.seconds.maximum == 30.0


def test_an_unknown_price_makes_the_cost_unknown(world: World) -> None:
    """A sum with an unknown part is None."""
    world.catalogue.put(model("a/one"))
    assert estimated(world, "compare").cost.expected is None


async def test_a_real_run_stays_within_its_estimate(world: World) -> None:
    """The calls really made lie within the span, and nobody was asked for the estimate."""
    found = estimated(world, "council")
    assert not world.completions.asked
    await world.done("Why is the sky blue?", flow="council")
    assert found.calls.minimum <= len(world.completions.asked) <= found.calls.maximum
