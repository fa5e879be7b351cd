"""The table of `ultra verify` says what failed, what to do, and obeys no server."""

import pytest

from tests.unit.readiness.outcomes import outcome, report
from ultra.cli._verify_view import VerifyView


def test_the_table_has_what_was_seen_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Every step with its id, result and time; the last line sums up."""
    found = report(
        outcome("limits", "failed", "27 of 30 passed.", "Look at REDIS_URL."),
        outcome("live-answer", "not_run", "There is no key."),
        outcome("alive"),
    )
    VerifyView(is_quiet=True).show(found)
    said = capsys.readouterr().out
    for words in ("limits", "failed", "1.2 s", "27 of 30 passed.", "→ Look at REDIS_URL.", "not run", "–"):
        assert words in said
    assert said.rstrip().endswith("1 passed, 1 failed, 1 not run in 62 s.")


def test_a_servers_words_do_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences and markup in a reply are shown as text or left out."""
    VerifyView(is_quiet=True).show(report(outcome("errors", "failed", "It said \x1b[2J[red]boo[/red]")))
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "[red]boo[/red]" in said


def test_progress_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Each step as it ends, on a line of its own; nothing where nobody reads it."""
    VerifyView(is_quiet=False).tell(outcome("alive"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "passed      1.2 s  The title of alive\n"
    VerifyView(is_quiet=True).tell(outcome("alive"))
    assert capsys.readouterr().err == ""
