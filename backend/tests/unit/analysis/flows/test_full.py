"""Answers are revised after an anonymous review."""

import pytest

from tests.unit.analysis.driving import CLOSED, Driven, Said, plan
from ultra.domain.analysis import Ask, PanelCall


def test_full_revises_and_keeps_the_original_where_revision_fails() -> None:
    """Revised answers are the material; a failed revision leaves the original standing."""

    def script(ask: Ask, call: PanelCall) -> Said:
        if ask.stage == "revise" and call.role == "member-1":
            return None
        return f"{ask.stage} by {call.role}"

    driven = Driven("full", plan(), script)
    assert driven.stages == ["answer", "review", "revise", "synthesis"]
    text = driven.asks[3].calls[0].prompt.text
    for shown in ("answer by member-1", "revise by member-2", "revise by member-3"):
        assert shown in text
    own = driven.asks[2].calls[0].prompt.text
    assert "own>\nanswer by member-1" in own


def test_full_measures_agreement_before_revision() -> None:
    """Conforming after reading one another does not count as agreement."""

    def script(ask: Ask, call: PanelCall) -> Said:
        if ask.stage == "answer":
            return "Answer: 391" if call.role == "member-1" else "Answer: 381"
        return "Answer: 391"

    verdict = Driven("full", plan(CLOSED), script).verdict
    assert verdict.decided == "391"
    assert verdict.agreement is not None
    assert verdict.agreement.value == pytest.approx(1 / 3)
