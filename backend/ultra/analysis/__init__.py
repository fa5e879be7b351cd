"""Many models, one verdict: flows say how they are asked, the analyst conducts."""

from ultra.analysis import flows
from ultra.analysis.analyst import Analyst
from ultra.analysis.estimate import Estimator, RunEstimate, Span
from ultra.analysis.first_round import FirstRounds
from ultra.analysis.flow import Flow, Member, Plan
from ultra.analysis.policy import AnalysisPolicy
from ultra.analysis.scribe import RecordFailed
from ultra.discovery import collect

__all__ = [
    "AnalysisPolicy",
    "Analyst",
    "Estimator",
    "FirstRounds",
    "Flow",
    "Member",
    "Plan",
    "RecordFailed",
    "RunEstimate",
    "Span",
    "known_flows",
]


def known_flows() -> dict[str, type[Flow]]:
    """Return every flow by its name."""
    return collect(flows, Flow)  # type: ignore[type-abstract]  # only its subclasses are collected
