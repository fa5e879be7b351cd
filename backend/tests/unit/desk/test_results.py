"""A run as its owner sees it: folded from the record and the journal, and nothing invented."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest

from ultra.desk.results import HEADINGS, failure, result, summary
from ultra.domain.analysis import Answer, JournalEvent, Question, Run, RunOptions, RunStatus, Verdict
from ultra.domain.chat import Usage
from ultra.domain.errors import AllFailed, Cancelled, NoneAvailable, QuotaExhausted, TimedOut
from ultra.domain.records import answer_to_json

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUEUED = Run(
    id="run_1",
    owner="local",
    question=Question("Why?"),
    options=RunOptions(budget_usd=Decimal("0.50")),
    panel=("a/one", "b/two"),
    status="queued",
    created_at=AT,
)
DONE = replace(
    QUEUED,
    status="complete",
    started_at=AT + timedelta(seconds=1),
    finished_at=AT + timedelta(seconds=3.5),
    cost_usd=Decimal("0.0000001"),
    verdict=Verdict(status="complete", text="Because.", answered=2, asked=2, warnings=("Mind this.",)),
)


def journal(*rows: tuple[str, dict[str, Any]]) -> list[JournalEvent]:
    """Give events their numbers, as a journal does."""
    return [JournalEvent(seq, kind, AT, data) for seq, (kind, data) in enumerate(rows, start=1)]  # type: ignore[arg-type]  # words of the table


def answered(model: str, **fields: Any) -> dict[str, Any]:
    """Return an answer as the journal has it."""
    return answer_to_json(Answer(role="member-1", model=model, stage="answer", status="ok", text="Said.", **fields))


def test_every_status_has_its_heading() -> None:
    """No status can be shown without its words."""
    assert set(HEADINGS) == set(get_args(RunStatus))


def test_a_run_that_has_not_begun_knows_nothing() -> None:
    """What is not there yet is null or empty, never zero."""
    shown = result(QUEUED, [])
    assert (shown["status"], shown["heading"]) == ("queued", "Waiting to begin")
    for name in ("text", "decided", "agreement", "confidence", "answered", "synthesised_by", "usage", "error", "flow"):
        assert shown[name] is None
    assert shown["asked"] == 2
    assert shown["cost"] == {"usd": None, "calls": None, "possible_double_charge": 0}
    assert set(shown["timing"].values()) == {None, AT.isoformat()}
    assert [shown[name] for name in ("answers", "stages", "skipped", "claims", "dissent", "warnings")] == [[]] * 6


def test_a_run_under_way_shows_what_it_has() -> None:
    """Answers and spending so far come from the journal, the flow from the plan."""
    events = journal(
        ("run.started", {"flow": "council"}),
        ("answer.done", answered("a/one")),
        ("cost", {"spent_usd": "0.001", "calls": 1, "possible_double_charge": 0}),
        ("answer.failed", answered("b/two")),
        ("cost", {"spent_usd": "0.002", "calls": 2, "possible_double_charge": 1}),
        ("stage.skipped", {"stage": "review", "reason": "budget"}),
        ("stage.done", {"stage": "answer"}),
    )
    shown = result(replace(QUEUED, status="running"), events)
    assert shown["flow"] == "council"
    assert [each["model"] for each in shown["answers"]] == ["a/one", "b/two"]
    assert shown["cost"] == {"usd": "0.002", "calls": 2, "possible_double_charge": 1}
    assert shown["stages"] == [{"stage": "answer"}]
    assert shown["skipped"] == [{"stage": "review", "reason": "budget"}]


def test_a_finished_run_shows_its_verdict() -> None:
    """Text, warnings, cost without an exponent, and the seconds from beginning to end."""
    shown = result(DONE, [])
    assert (shown["text"], shown["warnings"], shown["answered"]) == ("Because.", ["Mind this."], 2)
    assert shown["cost"]["usd"] == "0.0000001"
    assert shown["timing"]["seconds"] == 2.5


def test_usage_is_the_sum_of_what_is_known() -> None:
    """Answers without a count do not make the sum unknown; none with one does."""
    one = answered("a/one", usage=Usage(input_total=3, output_total=4, input_cached=1))
    two = answered("b/two", usage=Usage(input_total=10, output_total=20, output_reasoning=5))
    none = answered("c/three")
    total = result(DONE, journal(*[("answer.done", each) for each in (one, two, none)]))["usage"]
    assert total == {"input_total": 13, "input_cached": 1, "output_total": 24, "output_reasoning": 5}
    assert result(DONE, journal(("answer.done", none)))["usage"] is None


def test_the_summary_is_a_part_of_the_result() -> None:
    """A line of the history contradicts the whole run in nothing but what it leaves out."""
    whole, line = result(DONE, []), summary(DONE)
    assert line["cost"] == {"usd": whole["cost"]["usd"]}
    assert {name: whole[name] for name in line if name != "cost"} == {
        name: value for name, value in line.items() if name != "cost"
    }


@pytest.mark.parametrize(
    ("status", "kind", "error", "hint"),
    [
        ("failed", "none_available", NoneAvailable, "ultra models"),
        ("failed", "timed_out", TimedOut, "deadline_s"),
        ("failed", "quota_exhausted", QuotaExhausted, "budget_usd"),
        ("failed", "all_failed", AllFailed, None),
        ("failed", "internal", AllFailed, None),
        ("failed", "interrupted", AllFailed, None),
        ("cancelled", "cancelled", Cancelled, None),
    ],
)
def test_a_failed_run_is_an_error_to_who_waited(status: Any, kind: str, error: type, hint: str | None) -> None:
    """Its kind decides the class, and where something helps, the hint says what; the result has the same hint."""
    run = replace(QUEUED, status=status, error_kind=kind, error="It went wrong.")
    found = failure(run, [])
    assert type(found) is error
    assert found.message == "It went wrong."
    assert (hint in found.hint) if hint else found.hint is None
    assert result(run, [])["error"] == {"code": kind, "detail": "It went wrong.", "hint": found.hint}


def test_the_causes_of_a_failed_run_are_its_failed_answers() -> None:
    """Each by the word and the model of its answer; a word that is no error's own is a failure of the upstream."""
    kinds = ("network_failed", "quota_exhausted", "internal", "imagined")
    failed = [
        answer_to_json(Answer("member-1", f"a/{kind}", "answer", "failed", error_kind=kind, error=f"It was {kind}."))
        for kind in kinds
    ]
    run = replace(QUEUED, status="failed", error_kind="all_failed", error="Every model failed.")
    found = failure(run, [answered("b/two"), *failed])
    assert isinstance(found, AllFailed)
    assert [(each.kind, each.model) for each in found.causes] == [
        ("network_failed", "a/network_failed"),
        ("quota_exhausted", "a/quota_exhausted"),
        ("internal", "a/internal"),
        ("upstream_failed", "a/imagined"),
    ]
    assert found.causes[0].message == "It was network_failed."
