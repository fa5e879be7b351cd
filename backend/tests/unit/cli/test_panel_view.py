"""The panel at work, as it adds up from the events of a run."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from ultra.cli._panel_view import PanelView, print_verdict
from ultra.domain.analysis import JournalEvent

CALL = {"stage": "answer", "role": "member-1", "model": "a/one"}
RESULT: dict[str, Any] = {
    "id": "run_1",
    "status": "complete",
    "heading": "Complete",
    "text": "It is so.",
    "error": None,
    "answers": [],
    "warnings": [],
    "answered": 2,
    "asked": 2,
    "decided": None,
    "agreement": None,
    "confidence": None,
    "cost": {"usd": None},
    "timing": {"seconds": None},
}


def drawn(*events: tuple[str, dict[str, Any]], width: int = 120) -> str:
    """Return what the view shows after these events."""
    view = PanelView()
    for seq, (kind, data) in enumerate(events, start=1):
        view.take(JournalEvent(seq, kind, datetime(2026, 1, 1, tzinfo=UTC), data))  # type: ignore[arg-type]  # words of the table
    console = Console(width=width, record=True, force_terminal=False)
    with console.capture() as captured:
        console.print(view)
    return captured.get()


def test_a_member_is_shown_from_question_to_answer() -> None:
    """Asking, answering, done: one line, which ends with the time it took."""
    asking = drawn(("call.started", CALL))
    answering = drawn(("call.started", CALL), ("answer.delta", {**CALL, "text": "So it "}))
    done = drawn(("call.started", CALL), ("answer.done", {**CALL, "text": "So it is.", "duration_s": 1.25}))
    assert all("a/one" in shown and shown.count("\n") == 1 for shown in (asking, answering, done))
    assert "So it" in answering
    assert ("1.2 s" in done, "So it is." in done) == (True, True)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_long_answer_shows_its_end_in_one_line(width: int) -> None:
    """However wide the terminal is: what an answer comes to stands at its end."""
    text = "For many reasons, all of them good. " * 9 + "So: yes."
    shown = drawn(("answer.done", {**CALL, "model": "acme/a-long-name", "text": text, "duration_s": 1.0}), width=width)
    assert shown.count("\n") == 1
    assert shown.rstrip().endswith("So: yes.")
    assert "acme/a-long-name" in shown


def test_a_failure_shows_its_reason() -> None:
    """Who fails is marked, with the reason in place of words."""
    shown = drawn(("call.started", CALL), ("answer.failed", {**CALL, "error": "It broke.", "duration_s": 0.1}))
    assert ("\u2717" in shown, "It broke." in shown) == (True, True)


def test_the_synthesis_appears_as_it_is_written() -> None:
    """Below the panel stands the verdict so far, without what a terminal would obey."""
    shown = drawn(("synthesis.delta", {"text": "It is"}), ("synthesis.delta", {"text": " so\x1b[2J."}))
    assert "It is so[2J." in shown


def printed(capsys: pytest.CaptureFixture[str], **changes: Any) -> list[str]:
    """Return the lines of a verdict as a pipe gets them."""
    print_verdict({**RESULT, **changes})
    return capsys.readouterr().out.splitlines()


def test_a_verdict_begins_with_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    """Heading, text, facts; what is not known is said to be unknown."""
    first, text, facts = printed(capsys)
    assert first.startswith("Complete ")
    assert text == "It is so."
    assert facts == "2 of 2 answered \u00b7 confidence: not calibrated \u00b7 cost unknown \u00b7 run_1"


def test_a_failure_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A member's own reason replaces the warning about it; whoever was only not waited for is not blamed."""
    failed = {"status": "failed", "model": "a/one", "error": "It broke.", "error_kind": "network_failed"}
    late = {"status": "failed", "model": "b/two", "error": "Closed.", "error_kind": "cancelled"}
    warnings = ["a/one did not answer (network_failed).", "b/two was not waited for."]
    lines = printed(capsys, answers=[failed, late], warnings=warnings)
    assert "a/one: It broke." in lines
    assert "Note: b/two was not waited for." in lines
    assert not any("did not answer" in line or "Closed." in line for line in lines)


def test_an_error_comes_with_its_hint(capsys: pytest.CaptureFixture[str]) -> None:
    """A run without a verdict says why, and what helps."""
    error = {"code": "x", "detail": "No money.", "hint": "Raise it."}
    assert printed(capsys, text=None, error=error)[1:3] == ["No money.", "  Raise it."]
