"""All answers side by side."""

from ultra.analysis import stages
from ultra.analysis.agreement import compare, measured
from ultra.analysis.flow import Flow, Plan
from ultra.analysis.replies import agreement_note, answers_of
from ultra.analysis.verdicts import concluded, side_by_side
from ultra.domain.analysis import FlowGenerator


class Compare(Flow):
    """Shows what each model says and leaves the judgement to the reader."""

    name = "compare"
    summary = "Every model answers; the answers stand side by side, without a synthesis."

    def run(self, plan: Plan) -> FlowGenerator:
        """Ask everybody once and wait for all of them."""
        answers = answers_of((yield stages.independent(plan, enough=None)))
        comparison = compare(plan.question, answers)
        leader = comparison.leader
        agreement = measured(comparison, leader.value if leader else None)
        yield agreement_note(comparison, agreement, None)
        came = [answer for answer in answers if answer.status == "ok"]
        return concluded(answers, side_by_side(answers) if came else "", asked=len(plan.panel), agreement=agreement)
