"""What flows receive, and the notes they leave."""

from collections.abc import Sequence

from ultra.analysis.agreement import Comparison, Side
from ultra.domain.analysis import Agreement, Answer, Note, Reply, Skipped


def answers_of(reply: Reply) -> tuple[Answer, ...]:
    """Return the answers of a round; none when it was skipped."""
    return () if reply is None or isinstance(reply, Skipped) else tuple(reply)


def agreement_note(comparison: Comparison, agreement: Agreement, decided: Side | None) -> Note:
    """Write down how the independent answers stand, by role."""
    return Note(
        "agreement",
        {
            "value": agreement.value,
            "supporters": agreement.supporters,
            "answered": agreement.answered,
            "method": agreement.method,
            "decided": decided.value.shown if decided else None,
            "sides": [{"value": side.value.shown, "roles": list(side.roles)} for side in comparison.sides],
        },
    )


def review_note(review: Answer, labels: dict[str, str]) -> Note:
    """Write down one review with the meaning of the labels its author saw."""
    return Note(
        "review.done",
        {
            "call_key": review.call_key,
            "role": review.role,
            "model": review.model,
            "text": review.text,
            "labels": {label: role for role, label in labels.items()},
        },
    )


def substitute(originals: Sequence[Answer], revised: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return every author's revised answer, or the original one where the revision failed, was cut or declined."""
    better = {
        answer.role: answer
        for answer in revised
        if answer.status == "ok" and not answer.cut and answer.finish_reason != "refusal"
    }
    return tuple(better.get(answer.role, answer) for answer in originals)
