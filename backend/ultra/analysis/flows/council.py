"""Review always."""

from ultra.analysis import stages
from ultra.analysis.agreement import compare, measured
from ultra.analysis.flow import Flow, Plan
from ultra.analysis.replies import agreement_note, answers_of
from ultra.analysis.reviewing import reviewed
from ultra.analysis.synthesis import Material, written
from ultra.analysis.verdicts import contested, undisputed
from ultra.domain.analysis import FlowGenerator


class Council(Flow):
    """Lets every member judge all answers, not knowing whose they are, before the verdict is written."""

    name = "council"
    summary = "Independent answers, an anonymous review by every member, then a synthesis."

    def run(self, plan: Plan) -> FlowGenerator:
        """Ask, have the answers reviewed, decide by code what is closed, and have the verdict written."""
        asked = len(plan.panel)
        answers = answers_of((yield stages.independent(plan, share=stages.SHARES["answer"])))
        verdict = undisputed(answers, asked=asked)
        if verdict is not None:
            return verdict
        judged = yield from reviewed(plan, answers)
        comparison = compare(plan.question, answers)
        leader = comparison.leader
        agreement = measured(comparison, leader.value if leader else None)
        yield agreement_note(comparison, agreement, leader)
        if comparison.kind is not None and leader is None:
            return contested(answers, comparison, asked=asked, agreement=agreement)
        decided = leader.value if leader else None
        material = Material(answers, judged.authors, judged.labels, agreement, judged.reviews, judged.seen, decided)
        return (yield from written(plan, material))
