"""One model."""

from dataclasses import replace

from ultra.analysis import stages
from ultra.analysis.flow import Flow, Plan
from ultra.analysis.replies import answers_of
from ultra.analysis.verdicts import concluded
from ultra.domain.analysis import FlowGenerator


class Route(Flow):
    """Asks the first model of the panel and returns what it says."""

    name = "route"
    summary = "One model answers; the cheapest and fastest way to ask."

    def run(self, plan: Plan) -> FlowGenerator:
        """Ask once; the answer is the verdict's text and streams as such."""
        alone = replace(plan, panel=plan.panel[:1])
        answers = answers_of((yield replace(stages.independent(alone, enough=None), stream=True)))
        text = next((answer.text for answer in answers if answer.status == "ok"), "")
        return concluded(answers, text, asked=1)
