"""The verdict is written by the first candidate that delivers."""

import pytest

from tests.unit.analysis.driving import CLOSED, Driven, Said, by_model, plan, prose
from ultra.domain.analysis import Ask, PanelCall


@pytest.mark.parametrize("flaw", [None, {"text": "I will not.", "finish_reason": "refusal"}])
def test_the_next_candidate_writes_when_one_fails(flaw: Said) -> None:
    """A synthesiser that fails or declines is replaced by the next."""

    def script(ask: Ask, call: PanelCall) -> Said:
        return flaw if ask.stage == "synthesis" and call.model == "p/m3" else prose(ask, call)

    driven = Driven("adaptive", plan(), script)
    assert driven.stages == ["answer", "synthesis", "synthesis"]
    assert (driven.verdict.status, driven.verdict.synthesised_by) == ("complete", "p/m2")
    assert any("p/m3" in warning for warning in driven.verdict.warnings)


@pytest.mark.parametrize("skip", [[], ["synthesis"]])
def test_without_a_synthesis_the_best_answer_is_named(skip: list[str]) -> None:
    """When no candidate delivers, the medoid is the text and the status says so."""

    def script(ask: Ask, call: PanelCall) -> Said:
        return None if ask.stage == "synthesis" else prose(ask, call)

    verdict = Driven("adaptive", plan(), script, skip=skip).verdict
    assert (verdict.status, verdict.synthesised_by) == ("unsynthesised", None)
    assert verdict.text.startswith("Some words of p/m")
    assert any("closest to all others" in warning for warning in verdict.warnings)


def test_a_cut_synthesis_is_not_complete() -> None:
    """A synthesis that stopped at its limit is shown, and called partial."""

    def script(ask: Ask, call: PanelCall) -> Said:
        if ask.stage == "synthesis":
            return {"text": "The sky is", "cut": True, "finish_reason": "length"}
        return prose(ask, call)

    verdict = Driven("adaptive", plan(), script).verdict
    assert (verdict.status, verdict.text) == ("partial", "The sky is")


def test_a_member_that_just_failed_is_not_the_first_to_write() -> None:
    """The strongest member failed, so another one writes."""
    driven = Driven("adaptive", plan(), by_model(m1="Air scatters light.", m2="It is the blue part.", m3=None))
    assert driven.verdict.synthesised_by == "p/m2"


def test_a_decided_value_may_not_be_contradicted() -> None:
    """What code has decided is told to the synthesiser, and a text that says otherwise is not taken."""

    def script(ask: Ask, call: PanelCall) -> Said:
        if ask.stage == "synthesis":
            return "Answer: 400" if call.model == "p/m3" else "It is so.\nAnswer: 391"
        return "Answer: 391" if ask.stage == "answer" else "Fine."

    driven = Driven("council", plan(CLOSED), script)
    assert "391" in driven.asks[2].calls[0].prompt.text
    assert (driven.verdict.decided, driven.verdict.synthesised_by) == ("391", "p/m2")
