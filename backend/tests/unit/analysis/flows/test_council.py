"""Every member reviews before the verdict is written."""

import pytest

from tests.unit.analysis.driving import CLOSED, Driven, Said, by_model, plan, prose
from ultra.domain.analysis import Ask, PanelCall


def test_the_council_reviews_anonymously() -> None:
    """Every author judges all answers; no model or role is named, labels and order differ between reviewers."""
    driven = Driven(
        "council", plan(members=5), lambda ask, call: f"Unmarked words number {call.model[-1]} ({ask.stage})."
    )
    assert driven.stages == ["answer", "review", "synthesis"]
    review = driven.asks[1]
    assert len(review.calls) == 5
    orders = set()
    for call in review.calls:
        text = call.prompt.text
        assert "p/m" not in text
        assert "member-" not in text
        for number in range(1, 6):
            assert f"Unmarked words number {number}" in text
        orders.add(tuple(sorted(range(1, 6), key=lambda number: text.index(f"words number {number}"))))
    labels = [label for note in driven.notes if note.type == "review.done" for label in note.data["labels"]]
    assert len(labels) == len(set(labels)) == 25
    assert len(orders) > 1


def test_reviews_reach_the_synthesis_in_its_own_labels() -> None:
    """A label in a review is replaced by the one under which the synthesiser sees that answer."""

    def script(ask: Ask, call: PanelCall) -> Said:
        if ask.stage != "review":
            return f"Opinion of {call.role}."
        label = call.prompt.text.split("Opinion of member-2.")[0].rsplit("answers ", 1)[1].split(">")[0]
        return f"I doubt {label}."

    driven = Driven("council", plan(), script)
    text = driven.asks[2].calls[0].prompt.text
    label = text.split("Opinion of member-2.")[0].rsplit("answers ", 1)[1].split(">")[0]
    assert text.count(f"I doubt {label}.") == 3


def test_the_council_goes_on_without_reviews() -> None:
    """When the review round is skipped or fails, the verdict is written from the answers."""
    driven = Driven("council", plan(), prose, skip=["review"])
    assert driven.stages == ["answer", "synthesis"]
    assert driven.verdict.status == "complete"


@pytest.mark.parametrize("flow", ["council", "full"])
def test_a_dispute_stays_open_after_review(flow: str) -> None:
    """A closed question without a majority is contested, both sides shown, and no model decides."""
    script = by_model(m1="Answer: 391", m2="Answer: 381", other="Answer: nothing clear")
    driven = Driven(flow, plan(CLOSED, members=2), script, skip=["revise"])
    assert driven.verdict.status == "contested"
    assert len(driven.verdict.dissent) == 2
    assert "synthesis" not in driven.stages
