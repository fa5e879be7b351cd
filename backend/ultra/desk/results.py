"""What a run looks like to its owner: the fold of its record and its journal, as plain JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ultra.domain.analysis import FINAL, JournalEvent, Run
from ultra.domain.errors import (
    AllFailed,
    Cancelled,
    CircuitOpen,
    ContextTooLong,
    InvalidRequest,
    NetworkFailed,
    NoneAvailable,
    NotFound,
    Overloaded,
    ProtocolViolated,
    QuotaExhausted,
    RateLimited,
    Refused,
    TimedOut,
    Truncated,
    UltraError,
    Unavailable,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.domain.records import decimal_to_json, verdict_to_json

HEADINGS: Mapping[str, str] = {
    "queued": "Waiting to begin",
    "running": "Working",
    "complete": "Complete",
    "partial": "Partial: fewer models answered than were asked, or an answer is incomplete",
    "single": "Single opinion: only one model answered",
    "contested": "Contested: the models disagree and the question stays open",
    "unsynthesised": "Unsynthesised: the best single answer",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
"""The heading every rendering of a run begins with, so that no status can be overlooked."""

_FAILURES: Mapping[str, type[UltraError]] = {
    kind.kind: kind for kind in (NoneAvailable, TimedOut, QuotaExhausted, InvalidRequest)
}
"""What a failed run is by its cause; every other cause means that nobody answered."""

_CAUSES: Mapping[str, type[UltraError]] = {
    kind.kind: kind
    for kind in (
        Cancelled, CircuitOpen, ContextTooLong, InvalidRequest, NetworkFailed, NoneAvailable, NotFound, Overloaded,
        ProtocolViolated, QuotaExhausted, RateLimited, Refused, TimedOut, Truncated, UltraError, Unavailable,
        UpstreamFailed, UpstreamRefusedKey,
    )
}  # fmt: skip
"""What the failure of one model was, by the word that its answer keeps."""

_HINTS: Mapping[str, str] = {
    "quota_exhausted": (
        "Raise budget_usd or the account's budget, or ask fewer or cheaper models. A model of unknown price fits no "
        "budget: `ultra models` shows prices, ultra.toml sets them."
    ),
    "timed_out": "Raise deadline_s, or ask faster models.",
    "none_available": "`ultra models` says which models can be asked now, and why others cannot.",
}
"""What can be done about it, where something can."""

_TOTALS = ("input_total", "input_cached", "output_total", "output_reasoning")


def result(run: Run, events: Sequence[JournalEvent]) -> dict[str, Any]:
    """Return the whole run as `/api/analyses/{id}` shows it; every number that is not known is null."""
    verdict = verdict_to_json(run.verdict) if run.verdict is not None else {}
    answers = _answers(events)
    return {
        "id": run.id,
        "status": run.status,
        "heading": HEADINGS[run.status],
        "text": verdict.get("text"),
        "decided": verdict.get("decided"),
        "agreement": verdict.get("agreement"),
        "confidence": verdict.get("confidence"),
        "claims": verdict.get("claims", []),
        "dissent": verdict.get("dissent", []),
        "answered": verdict.get("answered"),
        "asked": verdict.get("asked", len(run.panel)),
        "synthesised_by": verdict.get("synthesised_by"),
        "answers": answers,
        "stages": [event.data for event in events if event.type == "stage.done"],
        "skipped": [event.data for event in events if event.type == "stage.skipped"],
        "cost": _cost(run, events),
        "usage": _usage(answers),
        "timing": _timing(run),
        "warnings": verdict.get("warnings", []),
        "error": _error(run),
        **_asked(run),
        "flow": _flow(run, events),
    }


def summary(run: Run) -> dict[str, Any]:
    """Return a run as a line of the history."""
    verdict = run.verdict
    return {
        "id": run.id,
        "status": run.status,
        "heading": HEADINGS[run.status],
        "text": verdict.text if verdict else None,
        "decided": verdict.decided if verdict else None,
        "answered": verdict.answered if verdict else None,
        "asked": verdict.asked if verdict else len(run.panel),
        "cost": {"usd": decimal_to_json(run.cost_usd)},
        "timing": _timing(run),
        "error": _error(run),
        **_asked(run),
    }


def _asked(run: Run) -> dict[str, Any]:
    options = run.options
    return {
        "prompt": run.question.prompt,
        "pattern": options.pattern,
        "flow": options.flow,
        "models": list(run.panel),
        "budget_usd": decimal_to_json(options.budget_usd),
        "deadline_s": options.deadline_s,
        "follow_up_to": run.follow_up_to,
        "store": options.store,
    }


def _flow(run: Run, events: Sequence[JournalEvent]) -> str | None:
    """Return the flow that was taken; before the run has begun, the one that was wished for."""
    begun = next((event for event in events if event.type == "run.started"), None)
    return run.options.flow if begun is None else begun.data["flow"]


def _answers(events: Sequence[JournalEvent]) -> list[Mapping[str, Any]]:
    return [event.data for event in events if event.type in ("answer.done", "answer.failed")]


def _cost(run: Run, events: Sequence[JournalEvent]) -> dict[str, Any]:
    latest = next((event.data for event in reversed(events) if event.type == "cost"), {})
    return {
        "usd": decimal_to_json(run.cost_usd) if run.status in FINAL else latest.get("spent_usd"),
        "calls": latest.get("calls"),
        "possible_double_charge": latest.get("possible_double_charge", 0),
    }


def _usage(answers: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    usages = [answer["usage"] for answer in answers if answer.get("usage")]
    if not usages:
        return None
    return {name: sum(usage.get(name, 0) for usage in usages) for name in _TOTALS}


def _timing(run: Run) -> dict[str, Any]:
    return {
        "created_at": _stamp(run.created_at),
        "started_at": _stamp(run.started_at),
        "finished_at": _stamp(run.finished_at),
        "seconds": _seconds(run),
    }


def _seconds(run: Run) -> float | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return round((run.finished_at - run.started_at).total_seconds(), 3)


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _error(run: Run) -> dict[str, Any] | None:
    if run.error_kind is None:
        return None
    return {"code": run.error_kind, "detail": run.error, "hint": _HINTS.get(run.error_kind)}


def failure(run: Run, answers: Sequence[Mapping[str, Any]]) -> UltraError:
    """Return the error that a run without a verdict is to whoever waited; its failed `answers` are the causes."""
    message = run.error or f"The run is {run.status}."
    if run.status == "cancelled":
        return Cancelled(message)
    hint = _HINTS.get(run.error_kind or "")
    kind = _FAILURES.get(run.error_kind or "")
    if kind is not None:
        return kind(message, hint=hint)
    return AllFailed(message, causes=[_cause(each) for each in answers if each["status"] == "failed"], hint=hint)


def _cause(answer: Mapping[str, Any]) -> UltraError:
    kind = _CAUSES.get(answer["error_kind"] or "", UpstreamFailed)
    return kind(answer["error"] or "It failed.", model=answer["model"])
