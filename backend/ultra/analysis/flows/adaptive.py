"""As much as the question needs: stop when the answers settle it, escalate when they do not."""

from collections.abc import Generator

from ultra.analysis import stages
from ultra.analysis.agreement import compare, measured
from ultra.analysis.anonymity import Labels
from ultra.analysis.flow import Flow, Plan
from ultra.analysis.replies import agreement_note, answers_of
from ultra.analysis.synthesis import Material, written
from ultra.analysis.verdicts import best, concluded, contested, undisputed
from ultra.domain.analysis import Answer, Ask, FlowGenerator, Note, Reply, Step, Verdict


class Adaptive(Flow):
    """Asks everybody once. Closed and agreed: done. Closed and disputed: one more model. Open: one synthesis."""

    name = "adaptive"
    summary = "Independent answers; a closed question stops at agreement, an open one gets one synthesis."

    def run(self, plan: Plan) -> FlowGenerator:
        """Ask, compare, and take the cheapest step that decides."""
        asked = len(plan.panel)
        answers = answers_of((yield stages.independent(plan, share=stages.SHARES["answer"])))
        verdict = undisputed(answers, asked=asked)
        if verdict is not None:
            return verdict
        comparison = compare(plan.question, answers)
        if comparison.kind is None:
            agreement = measured(comparison, None)
            yield agreement_note(comparison, agreement, None)
            labels = Labels(plan.dice, _texts(plan, answers))
            return (yield from written(plan, Material(answers, answers, labels, agreement)))
        return (yield from _decided(plan, answers))


def _decided(plan: Plan, answers: tuple[Answer, ...]) -> Generator[Step, Reply, Verdict]:
    """Decide a closed question by counting; one more model is asked where the panel leaves it open."""
    asked = len(plan.panel)
    extra: tuple[Answer, ...] = ()
    comparison = compare(plan.question, answers)
    first = comparison
    if not (comparison.is_unanimous or comparison.is_decisive(asked)):
        extra = answers_of((yield _tie_break(plan)))
        comparison = compare(plan.question, [*answers, *extra], closed=True)
    leader = comparison.leader
    agreement = measured(first, leader.value if leader else None)
    yield agreement_note(comparison, agreement, leader)
    if leader is None:
        return contested(answers, comparison, asked=asked, agreement=agreement, voters=extra)
    winner = best([answer for answer in (*answers, *extra) if answer.role in leader.roles])
    said = [f"{answer.model} was asked to break the tie." for answer in extra]
    return concluded(answers, winner.text, asked=asked, decided=leader.value.shown, agreement=agreement, warnings=said)


def _tie_break(plan: Plan) -> Ask | Note:
    if plan.reserves:
        return stages.tie_break(plan, plan.reserves[0])
    detail = "every model that may be asked has answered already"
    return Note("stage.skipped", {"stage": "tie_break", "reason": "no_member", "detail": detail})


def _texts(plan: Plan, answers: tuple[Answer, ...]) -> list[str]:
    return [plan.question.prompt, *(answer.text for answer in answers)]
