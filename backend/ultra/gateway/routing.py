"""Which candidate may be asked, and what to say when none answered: pure answers about values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ultra.domain.errors import AllFailed, InvalidRequest, NoneAvailable, UltraError, Unavailable
from ultra.domain.models import Model
from ultra.gateway.policy import Policy

_LASTING = frozenset(
    {
        "no_api_key", "permission_denied", "model_not_found", "retired", "region_blocked", "disabled_by_operator",
        "quorum_not_met",
    }
)  # fmt: skip
"""Asking cannot change these."""
_SPENT = frozenset({"quota_exhausted", "billing"})
"""Waiting may change these, and no breaker keeps callers away meanwhile."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why one candidate did not answer: never asked (`skipped`), or asked in vain (`failed`)."""

    model: str
    outcome: Literal["skipped", "failed"]
    error: UltraError


def unusable(model: Model, *, now: datetime, policy: Policy) -> UltraError | None:
    """Return why the catalogue's word alone keeps this model from being asked now; None when it does not.

    Reasons that only the next call can clear (timeouts, network, server errors ...) are left to the breaker: it alone
    lets a probe through, and a model that nobody asks would never be found well again.
    """
    if model.usable:
        return None
    is_retired = model.lifecycle.status == "retired"
    known = model.availability
    reason = "retired" if is_retired else (known.reason or known.state)
    if is_retired or known.state == "disabled" or known.reason in _LASTING:
        return _not_now(model, reason, known.detail, None)
    until = known.retry_at
    if until is None and known.reason in _SPENT and (learned := known.checked_at or known.since) is not None:
        until = learned + timedelta(seconds=policy.quota_recheck_s)
    if until is not None and now < until:
        return _not_now(model, reason, known.detail, (until - now).total_seconds())
    return None


def unserved(model: Model) -> UltraError:
    """Return the error for a model whose provider is not set up here."""
    return _not_now(model, "no_api_key", f"provider {model.provider!r} is not set up", None)


def exhausted(name: str, obstacles: Sequence[Obstacle]) -> UltraError:
    """Return what to raise when no candidate for `name` answered."""
    failed = [each for each in obstacles if each.outcome == "failed"]
    errors = [each.error for each in obstacles]
    if failed:
        return errors[0] if len(obstacles) == 1 else _all_failed(name, errors)
    if obstacles and all(isinstance(error, InvalidRequest) for error in errors):
        return errors[0]
    told = "; ".join(f"{each.model}: {each.error.code}" for each in obstacles) or "there is no candidate"
    return NoneAvailable(
        f"No model can be asked for {name!r} at the moment ({told}).",
        hint="Try again later, or name another model.",
        param="model",
        retry_after=_soonest(errors),
    )


def _all_failed(name: str, errors: Sequence[UltraError]) -> AllFailed:
    error = AllFailed(f"Every candidate for {name!r} failed: {', '.join(each.kind for each in errors)}.", causes=errors)
    error.retry_after = _soonest(errors)
    return error


def _soonest(errors: Sequence[UltraError]) -> float | None:
    return min((error.retry_after for error in errors if error.retry_after is not None), default=None)


def _not_now(model: Model, reason: str, detail: str | None, retry_after: float | None) -> Unavailable:
    return Unavailable(
        f"{model.id} cannot be asked: {detail or reason}.",
        code=reason,
        retry_after=retry_after,
        provider=model.provider,
        model=model.id,
    )
