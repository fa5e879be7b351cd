"""The report as one page that needs nothing else: no script, no other file, no network."""

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from ultra.readiness.report import Report, Result

WORDS: Final[dict[Result, str]] = {"passed": "passed", "failed": "failed", "not_run": "not run"}
"""How each result is called before people."""


@cache
def _templates() -> Environment:
    loader = PackageLoader("ultra.readiness")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def page(report: Report) -> str:
    """Return the page; whatever a server has said stands in it as text, never as markup."""
    return _templates().get_template("report.html").render(report=report, counts=report.counts(), words=WORDS)
