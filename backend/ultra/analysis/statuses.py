"""What the status of a run says: a pure function of what happened."""

from collections.abc import Sequence

from ultra.domain.analysis import Answer, RunStatus

_NOT_ASKED = frozenset({"unavailable", "overloaded", "circuit_open", "none_available", "rate_limited", "not_found"})
"""Error kinds that mean: this model could not be asked now. Everything else is a failure of the upstream."""
_UNPAID = frozenset({"quota_exhausted"})


def settled_status(
    *, asked: int, answered: int, contested: bool = False, unsynthesised: bool = False, incomplete: bool = False
) -> RunStatus:
    """Return the status of a run that has ended by itself.

    `contested`: the decision is open, whatever the number. `unsynthesised`: a synthesis was wanted and none came.
    `incomplete`: the verdict, or an answer it rests on, was cut off; it is never called complete then.
    """
    if answered == 0:
        return "failed"
    if contested:
        return "contested"
    if answered == 1 and asked > 1:
        return "single"
    if unsynthesised:
        return "unsynthesised"
    return "partial" if answered < asked or incomplete else "complete"


def failure_kind(answers: Sequence[Answer]) -> str:
    """Return why nobody answered: `quota_exhausted`, `none_available` or `all_failed`.

    The first when none could be paid, the second when no model could be asked. `answers` are the failed answers, one
    for each model asked; without any, none was available.
    """
    kinds = {answer.error_kind for answer in answers}
    if kinds == _UNPAID:
        return "quota_exhausted"
    return "none_available" if kinds <= _NOT_ASKED | _UNPAID else "all_failed"
