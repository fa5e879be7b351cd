"""A vote on a closed question."""

from collections.abc import Sequence

from ultra.analysis import stages
from ultra.analysis.agreement import compare, measured
from ultra.analysis.flow import Flow, Plan
from ultra.analysis.replies import agreement_note, answers_of
from ultra.analysis.verdicts import best, concluded, contested, undisputed
from ultra.domain.analysis import Answer, FlowGenerator


class Vote(Flow):
    """Lets every model vote and counts by code; no model judges."""

    name = "vote"
    summary = "For closed questions: every model gives a value, and the majority is counted by code."

    def run(self, plan: Plan) -> FlowGenerator:
        """Ask everybody once; the round ends as soon as nobody missing could change the majority."""
        asked = len(plan.panel)

        def is_settled(answers: Sequence[Answer], asked: int) -> bool:
            return compare(plan.question, answers, closed=True).is_decisive(asked)

        answers = answers_of((yield stages.independent(plan, stage="vote", settled=is_settled)))
        verdict = undisputed(answers, asked=asked)
        if verdict is not None:
            return verdict
        comparison = compare(plan.question, answers, closed=True)
        leader = comparison.leader
        agreement = measured(comparison, leader.value if leader else None)
        yield agreement_note(comparison, agreement, leader)
        if leader is None:
            return contested(answers, comparison, asked=asked, agreement=agreement)
        winner = best([answer for answer in answers if answer.role in leader.roles])
        return concluded(answers, winner.text, asked=asked, decided=leader.value.shown, agreement=agreement)
