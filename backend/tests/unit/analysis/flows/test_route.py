"""One model answers."""

from tests.unit.analysis.driving import Driven, by_model, plan


def test_route_asks_the_first_model_only_and_streams() -> None:
    """The first model named answers, as the verdict's own text."""
    driven = Driven("route", plan(members=3), by_model(m1="Hello."))
    (ask,) = driven.asks
    assert [call.model for call in ask.calls] == ["p/m1"]
    assert ask.stream
    assert (driven.verdict.text, driven.verdict.status, driven.verdict.asked) == ("Hello.", "complete", 1)
