"""Flows are driven by hand: no event loop, no clock, no provider."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.fakes.patterns import FakeLens
from ultra.analysis import Flow, Member, Plan, known_flows
from ultra.domain.analysis import (
    Answer,
    Ask,
    Document,
    Earlier,
    Note,
    PanelCall,
    Question,
    Reply,
    Skipped,
    Verdict,
)
from ultra.domain.chat import Image, Message, Output, Text

CLOSED = "What is 17 * 23?"
OPEN = "Why is the sky blue?"
Said = str | dict[str, Any] | None
Script = Callable[[Ask, PanelCall], Said]


def plan(question: Question | str = OPEN, *, members: int = 3, reserves: Sequence[str] = (), seed: int = 1) -> Plan:
    """Make a plan over `p/m1`, `p/m2` ...; the last one is the strongest."""
    panel = tuple(Member(f"member-{number}", f"p/m{number}") for number in range(1, members + 1))
    return Plan(
        question=Question(question) if isinstance(question, str) else question,
        lens=FakeLens(),
        panel=panel,
        synthesisers=tuple(member.model for member in reversed(panel)),
        dice=random.Random(seed),
        delimiter="d0d0d0d0d0",
        reserves=tuple(reserves),
    )


def answer(ask: Ask, call: PanelCall, said: Said) -> Answer:
    """Make an answer as the panel would; None failed, a dictionary names fields."""
    fields: dict[str, Any] = {"status": "ok", "finish_reason": "stop", "call_key": f"{ask.stage}/{call.role}"}
    if said is None:
        fields |= {"status": "failed", "error_kind": "upstream_failed", "error": "It broke."}
    else:
        fields |= {"text": said} if isinstance(said, str) else said
    return Answer(**{"role": call.role, "model": call.model, "stage": ask.stage} | fields)


class Driven:
    """A flow driven to its end by a script; `skip` names stages that are not asked."""

    def __init__(self, flow: str, plan: Plan, script: Script, *, skip: Sequence[str] = ()) -> None:
        self.asks: list[Ask] = []
        self.notes: list[Note] = []
        generator = known_flows()[flow]().run(plan)
        reply: Reply = None
        while True:
            try:
                step = generator.send(reply)
            except StopIteration as end:
                self.verdict: Verdict = end.value
                return
            if isinstance(step, Note):
                self.notes.append(step)
                reply = None
            elif step.stage in skip:
                reply = Skipped(step.stage, "budget", "the rest of the budget does not reach")
            else:
                self.asks.append(step)
                reply = [answer(step, call, script(step, call)) for call in step.calls]

    @property
    def stages(self) -> list[str]:
        """The stages asked, in order."""
        return [ask.stage for ask in self.asks]

    def note(self, kind: str) -> Note:
        """Return the only note of that type."""
        (found,) = [note for note in self.notes if note.type == kind]
        return found


def by_model(**said: Said) -> Script:
    """Make a script by model (`m1=...`) for independent rounds; other stages get `other`."""
    other = said.pop("other", "The synthesis.")

    def script(ask: Ask, call: PanelCall) -> Said:
        return said.get(call.model.removeprefix("p/"), other) if ask.stage in ("answer", "vote") else other

    return script


def prose(ask: Ask, call: PanelCall) -> Said:
    """Different prose from everybody."""
    return f"Some words of {call.model} at the stage {ask.stage}."


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


def test_route_asks_the_first_model_only_and_streams() -> None:
    """The first model named answers, as the verdict's own text."""
    driven = Driven("route", plan(members=3), by_model(m1="Hello."))
    (ask,) = driven.asks
    assert [call.model for call in ask.calls] == ["p/m1"]
    assert ask.stream
    assert (driven.verdict.text, driven.verdict.status, driven.verdict.asked) == ("Hello.", "complete", 1)


def test_compare_shows_everybody_and_waits_for_all() -> None:
    """All answers stand side by side, failures too, without a synthesis."""
    driven = Driven("compare", plan(), by_model(m1="One.", m2=None, m3="Three."))
    assert driven.asks[0].enough is None
    for shown in ("p/m1", "One.", "p/m2", "upstream_failed", "p/m3", "Three."):
        assert shown in driven.verdict.text
    assert driven.verdict.status == "partial"


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


def test_a_decided_value_may_not_be_contradicted() -> None:
    """What code has decided is told to the synthesiser, and a text that says otherwise is not taken."""

    def script(ask: Ask, call: PanelCall) -> Said:
        if ask.stage == "synthesis":
            return "Answer: 400" if call.model == "p/m3" else "It is so.\nAnswer: 391"
        return "Answer: 391" if ask.stage == "answer" else "Fine."

    driven = Driven("council", plan(CLOSED), script)
    assert "391" in driven.asks[2].calls[0].prompt.text
    assert (driven.verdict.decided, driven.verdict.synthesised_by) == ("391", "p/m2")


@pytest.mark.parametrize("flow", ["council", "full"])
def test_a_dispute_stays_open_after_review(flow: str) -> None:
    """A closed question without a majority is contested, both sides shown, and no model decides."""
    script = by_model(m1="Answer: 391", m2="Answer: 381", other="Answer: nothing clear")
    driven = Driven(flow, plan(CLOSED, members=2), script, skip=["revise"])
    assert driven.verdict.status == "contested"
    assert len(driven.verdict.dissent) == 2
    assert "synthesis" not in driven.stages


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
