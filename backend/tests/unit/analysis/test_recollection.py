"""The journal remembers what need not be asked again."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ultra.analysis.recollection import Recollection, call_key
from ultra.domain.analysis import Answer, EventType, JournalEvent, PanelCall, Prompt, Skipped
from ultra.domain.records import answer_to_json

CALL = PanelCall("member-1", "p/m", Prompt("Be good.", "Why?"))


def remembered(*events: tuple[EventType, dict[str, Any]]) -> Recollection:
    """Read these events."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Recollection.of(JournalEvent(seq, kind, at, data) for seq, (kind, data) in enumerate(events, start=1))


def ended(key: str, cost: str | None = "0.1") -> tuple[EventType, dict[str, Any]]:
    """Write the end of a call."""
    answer = Answer("member-1", "p/m", "answer", "ok", key, cost_usd=Decimal(cost) if cost else None, call_key=key)
    return "answer.done", answer_to_json(answer)


def begun(key: str) -> tuple[EventType, dict[str, Any]]:
    """Write the beginning of a call."""
    return "call.started", {"call_key": key, "worst_usd": "0.5"}


def test_a_call_is_named_by_what_is_asked_of_whom() -> None:
    """Another run, stage, member, model, prompt or sample is another call; the same is the same."""
    others = [
        call_key("run_2", "answer", CALL),
        call_key("run_1", "review", CALL),
        call_key("run_1", "answer", PanelCall("member-2", "p/m", CALL.prompt)),
        call_key("run_1", "answer", PanelCall("member-1", "p/n", CALL.prompt)),
        call_key("run_1", "answer", PanelCall("member-1", "p/m", Prompt("Be good.", "How?"))),
        call_key("run_1", "answer", PanelCall("member-1", "p/m", CALL.prompt, sample=1)),
    ]
    key = call_key("run_1", "answer", CALL)
    assert key == call_key("run_1", "answer", PanelCall("member-1", "p/m", Prompt("Be good.", "Why?")))
    assert len({key, *others}) == 7


def test_a_closed_round_is_told_again_exactly() -> None:
    """The same answers in the same order, and only for the same stage."""
    closed: tuple[EventType, dict[str, Any]] = (
        "round.closed",
        {"step": 0, "stage": "answer", "call_keys": ["k2", "k1"]},
    )
    memory = remembered(begun("k1"), begun("k2"), ended("k1"), ended("k2"), closed)
    told = memory.answers(0, "answer")
    assert told is not None
    assert [answer.text for answer in told] == ["k2", "k1"]
    assert memory.answers(0, "vote") is None
    assert memory.answers(1, "answer") is None


def test_skipped_rounds_and_notes_are_remembered() -> None:
    """What was skipped stays skipped, and what was noted is not noted again."""
    skipped = {"step": 3, "stage": "review", "reason": "budget", "detail": "too dear"}
    memory = remembered(("stage.skipped", skipped), ("agreement", {"step": 4}))
    assert memory.skipped(3, "review") == Skipped("review", "budget", "too dear")
    assert memory.skipped(3, "synthesis") is None
    assert memory.is_noted(4, "agreement")
    assert not memory.is_noted(5, "agreement")


def test_calls_left_open_count_as_money_that_may_be_gone() -> None:
    """A call begun twice and ended once is two calls, one of unknown cost."""
    account = remembered(begun("k1"), begun("k1"), ended("k1"), begun("k2")).account(Decimal(2), strict=True)
    assert (account.calls, account.unknown, account.spent) == (3, 2, Decimal("0.1"))
    assert account.left == Decimal("0.9")
