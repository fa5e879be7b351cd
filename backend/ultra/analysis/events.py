"""The events of a run's journal: the one place that writes their data.

`data` is plain JSON; amounts are decimal strings. `step` numbers what the flow asked for, from 0, and lets a
resumption find what was settled. Every event about a call carries `call_key, stage, role, model`.

| type | data beyond that |
|---|---|
| run.started | pattern, flow, asked, panel [{role, model, viewpoint}], synthesisers, reserves, deadline_at, budget_usd |
| stage.started | step, stage, calls [{call_key, role, model}], seconds (that the round may take) |
| call.started | attempt (from 1), possible_double_charge, worst_usd; written before the call is made |
| answer.started | the model has accepted |
| answer.delta | attempt, text: more of this answer; a new attempt begins anew |
| synthesis.delta | the same in rounds whose text is the verdict's (`synthesis`, and the only answer of `route`); another call_key or attempt begins anew |
| answer.done | the whole answer: status ok, text, finish_reason, cut, usage, cost_usd, started_s, duration_s, possible_double_charge |
| answer.failed | the same with status failed, error_kind, error; `cancelled` and `timed_out` are those the round did not wait for |
| call.done | outcome (ok, failed, cancelled), usage, cost_usd, duration_s, possible_double_charge |
| round.closed | step, stage, call_keys: exactly what the next step saw, in its order |
| stage.done | step, stage, answered, failed, duration_s |
| stage.skipped | step, stage, reason (budget, deadline, no_member), detail |
| agreement | step, value, supporters, answered, method, decided, sides [{value, roles}] |
| review.done | step, text, labels {label: role} as its author saw them |
| provisional | step, role, model, text: the best single answer while the verdict is being written |
| synthesis.done | step, text, cut: the synthesis that was taken |
| cost | spent_usd (known part), calls, unknown (calls of unknown cost), possible_double_charge (calls); all cumulative |
| run.done | status, verdict, cost_usd, calls, possible_double_charge, duration_s |
| run.failed | status, error_kind, error, causes [{role, model, kind, message}], verdict or null, cost_usd, calls, possible_double_charge, duration_s |
| run.cancelled | status, cost_usd, calls, possible_double_charge, duration_s |

`claim` and `run.amended` have their names reserved.
"""  # noqa: E501 - a table row is one line

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from ultra.analysis.flow import Plan
from ultra.analysis.spending import Account
from ultra.domain.analysis import Answer, Ask, NewEvent, Note, PanelCall, Run, Skipped, Verdict
from ultra.domain.records import answer_to_json, decimal_to_json, usage_to_json, verdict_to_json


def run_started(run: Run, plan: Plan, flow: str) -> NewEvent:
    """Write down the plan, from which a resumption takes it again."""
    members = [{"role": each.role, "model": each.model, "viewpoint": each.viewpoint} for each in plan.panel]
    data = {
        "pattern": plan.lens.name,
        "flow": flow,
        "asked": len(plan.panel),
        "panel": members,
        "synthesisers": list(plan.synthesisers),
        "reserves": list(plan.reserves),
        "deadline_at": run.deadline_at.isoformat() if run.deadline_at else None,
        "budget_usd": decimal_to_json(run.options.budget_usd),
    }
    return NewEvent("run.started", data)


def stage_started(step: int, ask: Ask, keys: Sequence[str], seconds: float) -> NewEvent:
    """Write down that a round begins."""
    rows = zip(keys, ask.calls, strict=True)
    calls = [{"call_key": key, "role": call.role, "model": call.model} for key, call in rows]
    return NewEvent("stage.started", {"step": step, "stage": ask.stage, "calls": calls, "seconds": round(seconds, 3)})


def call_started(key: str, stage: str, call: PanelCall, attempt: int, worst: Decimal | None) -> NewEvent:
    """Write down the intent to make a call, and the most it may cost; a second one: the first was left open."""
    told = {"attempt": attempt, "possible_double_charge": attempt > 1, "worst_usd": decimal_to_json(worst)}
    return NewEvent("call.started", _call(key, stage, call.role, call.model) | told)


def answer_started(key: str, stage: str, call: PanelCall) -> NewEvent:
    """Write down that the model has accepted."""
    return NewEvent("answer.started", _call(key, stage, call.role, call.model))


def delta(key: str, ask: Ask, call: PanelCall, attempt: int, text: str) -> NewEvent:
    """Write down more text of one answer, or of the verdict where the round streams."""
    data = _call(key, ask.stage, call.role, call.model) | {"attempt": attempt, "text": text}
    return NewEvent("synthesis.delta" if ask.stream else "answer.delta", data)


def answer_ended(answer: Answer) -> tuple[NewEvent, NewEvent]:
    """Write down the whole answer, and the account of its call."""
    ended = NewEvent("answer.done" if answer.status == "ok" else "answer.failed", answer_to_json(answer))
    is_cancelled = answer.error_kind == "cancelled"
    account = {
        "outcome": "ok" if answer.status == "ok" else "cancelled" if is_cancelled else "failed",
        "usage": usage_to_json(answer.usage),
        "cost_usd": decimal_to_json(answer.cost_usd),
        "duration_s": answer.duration_s,
        "possible_double_charge": answer.possible_double_charge,
    }
    call = _call(answer.call_key, answer.stage, answer.role, answer.model)
    return ended, NewEvent("call.done", call | account)


def round_ended(step: int, stage: str, answers: Sequence[Answer], seconds: float) -> tuple[NewEvent, NewEvent]:
    """Write down exactly what the flow is told, and how the round went."""
    answered = sum(answer.status == "ok" for answer in answers)
    counts = {"answered": answered, "failed": len(answers) - answered, "duration_s": round(seconds, 3)}
    return (
        NewEvent("round.closed", {"step": step, "stage": stage, "call_keys": [each.call_key for each in answers]}),
        NewEvent("stage.done", {"step": step, "stage": stage} | counts),
    )


def stage_skipped(step: int, skipped: Skipped) -> NewEvent:
    """Write down a round that was not asked, and why."""
    data = {"step": step, "stage": skipped.stage, "reason": skipped.reason, "detail": skipped.detail}
    return NewEvent("stage.skipped", data)


def noted(step: int, note: Note) -> NewEvent:
    """Write down what the flow noted."""
    return NewEvent(note.type, {"step": step, **note.data})


def cost(account: Account) -> NewEvent:
    """Write down what the run has spent so far."""
    return NewEvent(
        "cost", {"spent_usd": decimal_to_json(account.spent), "unknown": account.unknown} | _counts(account)
    )


def run_done(verdict: Verdict, account: Account, seconds: float) -> NewEvent:
    """Write down that the run ended with a verdict."""
    data = {"status": verdict.status, "verdict": verdict_to_json(verdict)}
    return NewEvent("run.done", data | _total(account, seconds))


def run_failed(
    kind: str, error: str, causes: Iterable[Answer], verdict: Verdict | None, account: Account, seconds: float
) -> NewEvent:
    """Write down that the run ended without an answer."""
    data = {
        "status": "failed",
        "error_kind": kind,
        "error": error,
        "causes": [
            {"role": each.role, "model": each.model, "kind": each.error_kind, "message": each.error} for each in causes
        ],
        "verdict": verdict_to_json(verdict) if verdict else None,
    }
    return NewEvent("run.failed", data | _total(account, seconds))


def run_cancelled(account: Account, seconds: float) -> NewEvent:
    """Write down that the run was stopped on request."""
    return NewEvent("run.cancelled", {"status": "cancelled"} | _total(account, seconds))


def _call(key: str, stage: str, role: str, model: str) -> dict[str, Any]:
    return {"call_key": key, "stage": stage, "role": role, "model": model}


def _counts(account: Account) -> dict[str, Any]:
    return {"calls": account.calls, "possible_double_charge": account.possible_double_charge}


def _total(account: Account, seconds: float) -> dict[str, Any]:
    return {"cost_usd": decimal_to_json(account.total)} | _counts(account) | {"duration_s": round(seconds, 3)}
