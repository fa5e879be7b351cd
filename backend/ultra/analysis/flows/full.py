"""Independent answers, cross-review, revision, synthesis."""

from ultra.analysis import stages
from ultra.analysis.agreement import compare, measured
from ultra.analysis.flow import Flow, Plan
from ultra.analysis.replies import agreement_note, answers_of, substitute
from ultra.analysis.reviewing import reviewed
from ultra.analysis.synthesis import Material, written
from ultra.analysis.verdicts import contested, undisputed
from ultra.domain.analysis import FlowGenerator


class Full(Flow):
    """Lets members revise their answers after an anonymous review; the most expensive way, and rarely better."""

    name = "full"
    summary = "Independent answers, cross-review, a revision by every author, then a synthesis."

    def run(self, plan: Plan) -> FlowGenerator:
        """Ask, review, revise, and have the verdict written from the revised answers.

        Agreement counts the independent answers only: after reading one another, members conform.
        """
        asked = len(plan.panel)
        answers = answers_of((yield stages.independent(plan, share=stages.SHARES["answer"])))
        verdict = undisputed(answers, asked=asked)
        if verdict is not None:
            return verdict
        judged = yield from reviewed(plan, answers)
        revised = judged.authors
        if judged.reviews:
            asked_again = stages.revision(plan, judged.authors, judged.reviews, judged.seen, judged.labels)
            revised = substitute(judged.authors, answers_of((yield asked_again)))
        comparison = compare(plan.question, revised)
        leader = comparison.leader
        first = compare(plan.question, answers)
        agreement = measured(first, leader.value if leader else None)
        yield agreement_note(first, agreement, leader)
        if comparison.kind is not None and leader is None:
            return contested(answers, comparison, asked=asked, agreement=agreement, voters=revised)
        decided = leader.value if leader else None
        return (yield from written(plan, Material(answers, revised, judged.labels, agreement, decided=decided)))
