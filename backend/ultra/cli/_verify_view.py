"""The readiness suite on a terminal: a line as each step ends, and the table at the end."""

import sys
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ultra.cli.output import harmless
from ultra.readiness import Outcome, Report, Result
from ultra.readiness.page import WORDS

_STYLES: Final[dict[Result, str]] = {"passed": "green", "failed": "bold red", "not_run": "yellow"}
_WIDTH_OF_FILES: Final = 140


class VerifyView:
    """Writes progress to stderr and the table to stdout, in colour where that is a terminal."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._console = Console(
            width=None if sys.stdout.isatty() else _WIDTH_OF_FILES, highlight=False, markup=False, soft_wrap=False
        )
        self._progress = Console(stderr=True, highlight=False, markup=False)

    def say(self, sentence: str) -> None:
        """Write a line about what happens now."""
        if not self._is_quiet:
            self._progress.print(sentence, style="dim", soft_wrap=True)

    def tell(self, outcome: Outcome) -> None:
        """Write a line about a step that has ended."""
        if not self._is_quiet:
            word = Text(f"{WORDS[outcome.result]:8}", style=_STYLES[outcome.result])
            self._progress.print(word, Text(f"{outcome.seconds:6.1f} s  {outcome.title}"), soft_wrap=True)

    def show(self, report: Report) -> None:
        """Write the table and one line that sums it up."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=True, expand=sys.stdout.isatty())
        table.add_column("Check", ratio=2)
        table.add_column("Result", no_wrap=True)
        table.add_column("Time", justify="right", no_wrap=True)
        table.add_column("What was seen, and what to do about it", ratio=4, overflow="fold")
        for each in report.outcomes:
            table.add_row(_check(each), Text(WORDS[each.result], style=_STYLES[each.result]), _time(each), _seen(each))
        self._console.print(table)
        counts = report.counts()
        parts = [f"{counts[result]} {word}" for result, word in WORDS.items() if counts[result]]
        paid = "" if report.spent_usd is None else f" ${report.spent_usd} paid to providers."
        self._console.print(Text(f"{', '.join(parts)} in {report.seconds:.0f} s.{paid}", style=_STYLES[report.result]))


def _check(outcome: Outcome) -> Text:
    return Text.assemble(outcome.title, "\n", (outcome.id, "dim"))


def _time(outcome: Outcome) -> str:
    return "–" if outcome.result == "not_run" else f"{outcome.seconds:.1f} s"


def _seen(outcome: Outcome) -> Text:
    said = Text(harmless(outcome.said))
    return said if outcome.advice is None else Text.assemble(said, "\n", ("→ " + outcome.advice, "bold"))
