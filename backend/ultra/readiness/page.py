"""The report as one page that needs nothing else: no script, no other file, no network."""

import re
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ultra.readiness.report import Report, Result

WORDS: Final[dict[Result, str]] = {"passed": "passed", "failed": "failed", "not_run": "not run"}
"""How each result is called before people."""

_QUOTED: Final = re.compile("`([^`]+)`")


@cache
def _templates() -> Environment:
    loader = PackageLoader("ultra.readiness")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["code"] = _code
    return made


def _code(text: str) -> Markup:
    """Set what stands between backticks as code; everything in it stays text."""
    return Markup(_QUOTED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it was escaped just now


def page(report: Report) -> str:
    """Return the page; whatever a server has said stands in it as text, never as markup."""
    return _templates().get_template("report.html").render(report=report, counts=report.counts(), words=WORDS)
