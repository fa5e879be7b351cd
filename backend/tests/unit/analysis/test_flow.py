"""What every flow promises."""

import pytest

from tests.unit.analysis.driving import Driven, by_model, plan, prose
from ultra.analysis import Flow, known_flows
from ultra.domain.analysis import Document, Earlier, Question
from ultra.domain.chat import Image, Message, Output, Text


def test_every_flow_is_found_by_its_name() -> None:
    """The six flows are there, each with a sentence about itself."""
    flows = known_flows()
    assert sorted(flows) == ["adaptive", "compare", "council", "full", "route", "vote"]
    assert all(issubclass(flow, Flow) and flow.summary for flow in flows.values())


@pytest.mark.parametrize("flow", sorted(known_flows()))
def test_driving_twice_gives_the_same_steps(flow: str) -> None:
    """An equal plan and the same replies give equal steps, byte for byte."""
    first, second = Driven(flow, plan(), prose), Driven(flow, plan(), prose)
    assert [ask.calls for ask in first.asks] == [ask.calls for ask in second.asks]
    assert (first.notes, first.verdict) == (second.notes, second.verdict)


@pytest.mark.parametrize("flow", sorted(known_flows()))
def test_nobody_answering_is_a_failure(flow: str) -> None:
    """Without any answer every flow ends as failed, with an empty text."""
    verdict = Driven(flow, plan(), lambda ask, call: None).verdict
    assert (verdict.status, verdict.text, verdict.answered) == ("failed", "", 0)


@pytest.mark.parametrize("flow", ["compare", "vote", "adaptive", "council", "full"])
def test_one_answer_of_several_is_a_single_opinion(flow: str) -> None:
    """One of three answers is labelled `single`, without agreement and without further calls."""
    driven = Driven(flow, plan(), by_model(m1=None, m2="Because.", m3=None))
    verdict = driven.verdict
    assert (verdict.status, verdict.answered, verdict.asked) == ("single", 1, 3)
    assert "Because." in verdict.text
    assert verdict.agreement is None or verdict.agreement.value is None
    assert len(driven.asks) == 1


@pytest.mark.parametrize("flow", ["adaptive", "council", "full"])
def test_fewer_answers_than_asked_are_partial(flow: str) -> None:
    """Two of three answers and a synthesis are `partial`, and the missing one is named."""
    verdict = Driven(
        flow, plan(), by_model(m1=None, m2="One reason is air.", m3="It is the scattering of light.")
    ).verdict
    assert (verdict.status, verdict.answered, verdict.asked) == ("partial", 2, 3)
    assert any("p/m1" in warning for warning in verdict.warnings)


@pytest.mark.parametrize("flow", sorted(known_flows()))
def test_a_cut_answer_is_never_complete(flow: str) -> None:
    """An answer that was cut off keeps the run from being called complete."""
    texts = [{"text": f"Reason {n} is long and", "cut": True, "finish_reason": "length"} for n in (1, 2, 3)]
    script = by_model(m1=texts[0], m2=texts[1], m3=texts[2])
    verdict = Driven(flow, plan(), script).verdict
    assert verdict.status in ("partial", "contested")
    assert any("incomplete" in warning for warning in verdict.warnings)


QUESTION = Question(
    prompt="QUESTION-MARK-1",
    context=(Document("notes", "DOCUMENT-MARK-2"),),
    images=(Image(url="https://example.org/a.png"),),
    history=(Message("user", (Text("HISTORY"),)), Message("assistant", (Text("REPLY"),))),
    instructions=(Text("be brief"),),
    output=Output(kind="json_object"),
    earlier=Earlier("run_1", "EARLIER-MARK-3", "VERDICT-MARK-4"),
)


@pytest.mark.parametrize("flow", sorted(known_flows()))
def test_everything_asked_goes_along_with_every_call(flow: str) -> None:
    """Question, documents, the earlier run, images, history and instructions reach every model at every stage."""
    driven = Driven(flow, plan(QUESTION), lambda ask, call: f'{{"said": "{ask.stage} {call.role}"}}')
    for ask in driven.asks:
        for call in ask.calls:
            for mark in ("QUESTION-MARK-1", "DOCUMENT-MARK-2", "EARLIER-MARK-3", "VERDICT-MARK-4"):
                assert mark in call.prompt.text
            assert (call.images, call.history, call.instructions) == (
                QUESTION.images,
                QUESTION.history,
                QUESTION.instructions,
            )
            assert call.output == (Output() if ask.stage == "review" else QUESTION.output)


@pytest.mark.parametrize("flow", ["adaptive", "council", "full"])
def test_time_is_left_for_the_synthesis(flow: str) -> None:
    """The shares of all rounds but the last leave the synthesis a quarter of the deadline or more."""
    left = 1.0
    for ask in Driven(flow, plan(), prose).asks[:-1]:
        left *= 1 - ask.share
    assert left >= (0.15 if flow == "full" else 0.25)
