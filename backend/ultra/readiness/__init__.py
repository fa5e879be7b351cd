"""Is this server fit for production? A suite of steps over HTTP, and a rehearsal that builds something to run it on."""

from ultra.readiness.report import SCHEMA, Outcome, Report, Result
from ultra.readiness.stage import Administrator, Stage
from ultra.readiness.step import Need, NotRun, Step, Unmet
from ultra.readiness.suite import UnknownStep, choose, every_step, run
from ultra.readiness.workshop import CannotRehearse

__all__ = [
    "SCHEMA",
    "Administrator",
    "CannotRehearse",
    "Need",
    "NotRun",
    "Outcome",
    "Report",
    "Result",
    "Stage",
    "Step",
    "UnknownStep",
    "Unmet",
    "choose",
    "every_step",
    "run",
]
