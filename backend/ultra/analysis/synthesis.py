"""Writing the verdict: candidates in turn, each checked, and the best single answer when none delivers."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ultra.analysis import stages
from ultra.analysis.agreement import substantive
from ultra.analysis.anonymity import Labels, labelled
from ultra.analysis.flow import Member, Plan
from ultra.analysis.values import Value, marked_answer, parse
from ultra.analysis.verdicts import best, concluded
from ultra.domain.analysis import Agreement, Answer, Note, Reply, Skipped, Step, Verdict

MOST_CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Material:
    """What the synthesis is made from: the `panel`'s independent answers, and of them (or revised) the ones shown.

    `reviews` stand under the labels of `seen` (reviewer's role to its labels). `decided` was decided by code.
    """

    panel: Sequence[Answer]
    shown: Sequence[Answer]
    labels: Labels
    agreement: Agreement
    reviews: Sequence[Answer] = ()
    seen: dict[str, dict[str, str]] | None = None
    decided: Value | None = None


Writing: TypeAlias = Generator[Step, Reply, Verdict]


def written(plan: Plan, material: Material) -> Writing:
    """Have the verdict written; the status is `unsynthesised` when no candidate delivers."""
    shown = substantive(material.shown)
    fallback = best(shown)
    yield Note("provisional", {"role": fallback.role, "model": fallback.model, "text": fallback.text})
    decided = material.decided.shown if material.decided else None
    said: list[str] = []
    candidates = _candidates(plan, material.panel)
    for number, model in enumerate(candidates, start=1):
        labels = material.labels.draw([answer.role for answer in shown])
        ask = stages.synthesis(
            plan,
            Member(f"synthesiser-{number}", model),
            answers=labelled(shown, labels),
            reviews=stages.readable_reviews(material.reviews, material.seen or {}, labels),
            decided=decided,
            is_last=number == len(candidates),
        )
        reply = yield ask
        flaw = _flaw(plan, material, reply)
        if isinstance(reply, Sequence) and flaw is None:
            (answer,) = reply
            yield Note("synthesis.done", _done(answer))
            return concluded(
                material.panel, answer.text, asked=len(plan.panel), decided=decided, agreement=material.agreement,
                synthesis=answer, warnings=said,
            )  # fmt: skip
        said.append(f"No synthesis by {model}: {flaw}.")
    said.append(f"No synthesis was possible. This is the answer of {fallback.model}, the closest to all others.")
    return concluded(
        material.panel, fallback.text, asked=len(plan.panel), decided=decided, agreement=material.agreement,
        is_unsynthesised=True, warnings=said,
    )  # fmt: skip


def _candidates(plan: Plan, panel: Sequence[Answer]) -> list[str]:
    """Return whom to ask, those last that have just failed as members."""
    failed = {answer.model for answer in panel if answer.status == "failed"}
    return sorted(plan.synthesisers, key=lambda model: model in failed)[:MOST_CANDIDATES]


def _flaw(plan: Plan, material: Material, reply: Reply) -> str | None:
    """Return why this synthesis cannot be taken, or None.

    A decided value must not be contradicted by what the synthesis itself marks as its answer; prose is not searched.
    """
    if isinstance(reply, Skipped):
        return f"{reply.detail} ({reply.reason})"
    if not reply:
        return "it was not asked"
    (answer,) = reply
    if answer.status == "failed":
        return f"it failed ({answer.error_kind})"
    if answer.finish_reason == "refusal":
        return "it declined"
    if material.decided is not None and not answer.cut and _is_marked(material.decided, answer.text):
        value = parse(material.decided.kind, answer.text, plan.question.prompt)
        if value is not None and not value.same(material.decided):
            return f"it says {value.shown} where {material.decided.shown} was decided"
    return None


def _is_marked(decided: Value, text: str) -> bool:
    return decided.kind == "json" or marked_answer(text) is not None


def _done(answer: Answer) -> dict[str, object]:
    return {
        "call_key": answer.call_key,
        "role": answer.role,
        "model": answer.model,
        "text": answer.text,
        "cut": answer.cut,
    }
