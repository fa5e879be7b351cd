"""Judges a configuration before anything runs on it, and the parts of a house that runs.

One check is one file, one class, one method, and has an id that stays. `configuration` holds those that need nothing
but the files of this machine.
"""

from ultra.checks.case import Case
from ultra.checks.check import Check, Described, Reported
from ultra.checks.examination import ConfigurationRefused, Examination, checks, examine, reports

__all__ = [
    "Case",
    "Check",
    "ConfigurationRefused",
    "Described",
    "Examination",
    "Reported",
    "checks",
    "examine",
    "reports",
]
