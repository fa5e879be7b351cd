"""Can it be asked now? One pure answer from everything that is known, the surest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ultra.domain.models import Availability, Model, ProviderState, Reason
from ultra.inventory.health import KEY_REASONS, find
from ultra.inventory.live import LiveList
from ultra.inventory.sources import Ensemble, ProviderSource

NO_KEY: Final = Availability("unavailable", "no_api_key", "No key is configured for this provider.")
DISABLED: Final = Availability("disabled", "disabled_by_operator")
_CHECKABLE: Final[frozenset[Reason]] = KEY_REASONS | {"model_not_found"}
"""Troubles that a newer good list of the provider puts an end to."""


def of_model(
    model: Model, *, source: ProviderSource, passive: Sequence[Availability], live: LiveList, now: datetime
) -> Availability:
    """Judge one upstream model: what own calls say, weightiest first, then the provider's list, then nothing."""
    if is_retired(model, now):
        return Availability("unavailable", "retired", since=model.lifecycle.retires_at)
    if source.needs_key and not source.has_key():
        return NO_KEY
    active = _of_list(model, live, is_named=model.provider_model in source.models)
    standing = (each for each in passive if not (each.reason in _CHECKABLE and _is_newer(active, each)))
    return next(standing, active)


def is_retired(model: Model, now: datetime) -> bool:
    """Whether the vendor has switched it off, by its word or by its date."""
    retires = model.lifecycle.retires_at
    return model.lifecycle.status == "retired" or (retires is not None and retires <= now)


def _is_newer(active: Availability, passive: Availability) -> bool:
    return active.checked_at is not None and passive.checked_at is not None and active.checked_at > passive.checked_at


def _of_list(model: Model, live: LiveList, *, is_named: bool) -> Availability:
    if live.error is not None:
        state, reason = find(live.error.kind, live.error.code) or ("degraded", "protocol_error")
        return Availability(state, reason, live.error.message, live.checked_at, live.checked_at, "active")
    if live.models is None:
        return Availability()
    if model.provider_model in live.models or is_named:
        return Availability("available", None, None, live.read_at, live.checked_at, "active")
    detail = "The provider does not list this model."
    return Availability("unavailable", "model_not_found", detail, live.read_at, live.checked_at, "active")


def of_provider(
    source: ProviderSource, *, passive: Availability | None, live: LiveList, models: Sequence[Model]
) -> ProviderState:
    """Judge a provider as a whole: its key, its own trouble, its list, then the best of its models."""
    found = passive
    if source.needs_key and not source.has_key():
        found = NO_KEY
    elif live.error is not None and (passive is None or passive.state == "available"):
        state, reason = find(live.error.kind, live.error.code) or ("degraded", "protocol_error")
        found = Availability(state, reason, checked_at=live.checked_at)
    elif found is None:
        found = _best(models)
    return ProviderState(
        id=source.name,
        state=found.state,
        reason=found.reason,
        checked_at=found.checked_at,
        key_configured=source.has_key(),
        mock=source.mock,
        base_url=source.base_url,
    )


_ORDER: Final = ("available", "degraded", "rate_limited", "unknown", "unavailable", "disabled")


def _best(models: Sequence[Model]) -> Availability:
    known = [model.availability for model in models]
    return min(known, key=lambda each: _ORDER.index(each.state)) if known else Availability()


def of_ensemble(ensemble: Ensemble, members: Sequence[Model], *, total: int) -> Availability:
    """Judge an ensemble by its quorum: `members` may be asked now, of `total` that would be wanted."""
    checked = max((each.availability.checked_at for each in members if each.availability.checked_at), default=None)
    detail = f"{len(members)} of {total} members up, needs {ensemble.quorum}"
    if len(members) < ensemble.quorum:
        return Availability("unavailable", "quorum_not_met", detail, None, checked, "passive")
    if all(member.availability.state == "unknown" for member in members):
        return Availability("unknown", "never_checked", detail)
    return Availability("available" if len(members) == total else "degraded", None, detail, None, checked, "passive")
