"""As much is asked as the question needs."""

import pytest

from tests.unit.analysis.driving import CLOSED, Driven, by_model, plan, prose


def test_adaptive_stops_at_agreement() -> None:
    """A closed question on which the panel agrees costs no further call."""
    driven = Driven("adaptive", plan(CLOSED), by_model(m1="391", m2="It is 391.", m3="17*23 = 391"))
    assert driven.stages == ["answer"]
    assert (driven.verdict.status, driven.verdict.decided) == ("complete", "391")
    assert driven.verdict.agreement is not None
    assert driven.verdict.agreement.value == 1.0
    assert driven.verdict.confidence is None
    assert not driven.verdict.claims


def test_adaptive_breaks_a_tie_with_another_model() -> None:
    """A dispute is decided by the strongest model not yet asked; agreement stays that of the panel."""
    script = by_model(m1="391", m2="381", other="Answer: 391")
    driven = Driven("adaptive", plan(CLOSED, members=2, reserves=["p/r1", "p/r2"]), script)
    assert driven.stages == ["answer", "tie_break"]
    assert [call.model for call in driven.asks[1].calls] == ["p/r1"]
    verdict = driven.verdict
    assert (verdict.status, verdict.decided, verdict.asked) == ("complete", "391", 2)
    assert verdict.agreement is not None
    assert (verdict.agreement.value, verdict.agreement.answered) == (0.5, 2)


@pytest.mark.parametrize("skip", [[], ["tie_break"]])
def test_adaptive_leaves_a_dispute_open_when_nobody_can_break_it(skip: list[str]) -> None:
    """Without a further model, or without the means to ask it, both sides are shown."""
    reserves = ["p/r1"] if skip else []
    driven = Driven("adaptive", plan(CLOSED, members=2, reserves=reserves), by_model(m1="391", m2="381"), skip=skip)
    assert driven.verdict.status == "contested"
    assert len(driven.verdict.dissent) == 2
    if not skip:
        assert driven.note("stage.skipped").data["reason"] == "no_member"


def test_adaptive_writes_one_synthesis_of_open_answers() -> None:
    """Open answers get one streaming synthesis by the strongest member."""
    driven = Driven("adaptive", plan(), prose)
    assert driven.stages == ["answer", "synthesis"]
    ask = driven.asks[1]
    assert (ask.stream, ask.optional, ask.calls[0].model) == (True, True, "p/m3")
    assert driven.verdict.synthesised_by == "p/m3"
    assert driven.verdict.status == "complete"
    assert driven.note("synthesis.done").data["text"] == driven.verdict.text


def test_refusals_are_marked_and_kept_out_of_the_synthesis() -> None:
    """Who declines has answered, is named, and is no material."""
    refusal = {"text": "I cannot help with it.", "finish_reason": "refusal"}
    driven = Driven(
        "adaptive", plan(), by_model(m1=refusal, m2="Air scatters light.", m3="The blue part is scattered.")
    )
    assert driven.verdict.answered == 3
    assert "I cannot help" not in driven.asks[1].calls[0].prompt.text
    assert "p/m1 declined to answer." in driven.verdict.warnings


def test_a_panel_of_refusals_says_so() -> None:
    """When everybody declines, their words are the text and each is named."""
    refusal = {"text": "I cannot help with it.", "finish_reason": "refusal"}
    verdict = Driven("adaptive", plan(), by_model(m1=refusal, m2=refusal, m3=refusal)).verdict
    assert (verdict.text, verdict.answered) == ("I cannot help with it.", 3)
    assert sum("declined" in warning for warning in verdict.warnings) == 3
