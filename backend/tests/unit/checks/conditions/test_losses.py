"""A loss is told of for a while, and then it is history."""

from tests.fakes.system import FakeSystem
from ultra.checks.conditions.losses import Losses


def test_a_loss_is_recent_for_an_hour_after_the_last_one() -> None:
    """Nothing lost is nothing to tell; each further loss begins the hour anew."""
    system = FakeSystem(jumps=False)
    losses = Losses(system=system)
    assert not losses.are_recent(0)
    assert losses.are_recent(3)
    system.advance(3500)
    assert losses.are_recent(4)
    system.advance(3500)
    assert losses.are_recent(4)
    system.advance(101)
    assert not losses.are_recent(4)
