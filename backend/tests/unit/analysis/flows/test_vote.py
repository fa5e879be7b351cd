"""Votes are counted by code."""

from tests.unit.analysis.driving import CLOSED, Driven, answer, by_model, plan


def test_a_vote_is_counted_by_code() -> None:
    """The majority's value is decided, and its medoid is the text; no model is asked again."""
    driven = Driven("vote", plan(CLOSED), by_model(m1="Answer: 391", m2="17*23 is\nAnswer: 391", m3="Answer: 381"))
    verdict = driven.verdict
    assert driven.stages == ["vote"]
    assert (verdict.status, verdict.decided) == ("complete", "391")
    assert verdict.agreement is not None
    assert verdict.agreement.supporters == 2


def test_a_tied_vote_is_contested_with_both_sides() -> None:
    """Without a majority both sides are shown and nothing is decided."""
    driven = Driven("vote", plan(CLOSED, members=2), by_model(m1="Answer: 391", m2="Answer: 381"))
    verdict = driven.verdict
    assert (verdict.status, verdict.decided) == ("contested", None)
    assert set(verdict.dissent) == {"Answer: 391", "Answer: 381"}
    assert "391" in verdict.text
    assert "381" in verdict.text


def test_a_vote_settles_once_nobody_can_overturn_it() -> None:
    """Three equal votes of five settle the round; two do not."""
    (ask,) = Driven("vote", plan(CLOSED, members=5), by_model(other="Answer: 391")).asks
    votes = [answer(ask, call, "Answer: 391") for call in ask.calls]
    assert ask.settled is not None
    assert not ask.settled(votes[:2], 5)
    assert ask.settled(votes[:3], 5)
