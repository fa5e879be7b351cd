"""Can a provider be asked?"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.domain.findings import Health
from ultra.domain.models import Model, ProviderState, State
from ultra.domain.observations import BreakerMoved
from ultra.inventory.live import LiveList
from ultra.inventory.traffic import Seen
from ultra.services import Services

_HEALTH: Final[Mapping[State, Health]] = {
    "unknown": "warn",
    "available": "pass",
    "degraded": "warn",
    "rate_limited": "warn",
    "disabled": "pass",
    "unavailable": "fail",
}
_BREAKERS: Final = ("open", "half_open")


class ProviderCondition(ConditionCheck):
    """Tells what real calls and the live list of models have shown; asks nobody, so it costs nothing.

    A provider without a key is the operator's choice, and no trouble. Nothing else depends on any one provider.
    """

    name = "provider"
    group: Group = "provider"
    every_s = 5.0

    def __init__(
        self,
        *,
        provider: str,
        known: Callable[[], tuple[ProviderState, Sequence[Model]]],
        seen: Callable[[], Seen],
        listed: Callable[[], LiveList],
    ) -> None:
        self.name = f"provider:{provider}"
        self._known = known
        self._seen = seen
        self._listed = listed

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at each provider that is configured."""
        catalogue, vitals = services.catalogue, services.vitals
        for name in catalogue.provider_names:
            yield cls(
                provider=name,
                known=partial(catalogue.provider, name),
                seen=partial(vitals.traffic.of, name),
                listed=partial(vitals.live.of, name),
            )

    async def look(self) -> Diagnosis:
        """Say whether it can be asked, with its breakers, its last success and failure, and when it was listed."""
        state, models = self._known()
        seen = self._seen()
        facts = {
            "state": state.state,
            "reason": state.reason,
            "key_configured": state.key_configured,
            "mock": state.mock,
            "models": len(models),
            "usable": sum(model.usable for model in models),
            "breaker": next((each for each in _BREAKERS if each in {moved.state for moved in seen.moved}), "closed"),
            "breakers": [_breaker(moved) for moved in seen.moved],
            "last_success_at": _written(seen.succeeded_at),
            "last_failure_at": _written(seen.failed_at),
            "last_failure": seen.failed_with,
            "listed_at": _written(self._listed().read_at),
        }
        return _judged(state, seen, facts)


def _judged(state: ProviderState, seen: Seen, facts: Mapping[str, Any]) -> Diagnosis:
    if state.reason == "no_api_key":
        return Diagnosis("pass", None, facts)
    if state.state == "unknown":
        return Diagnosis("warn", "Nothing is known of it yet.", facts, is_known=False)
    health = _HEALTH[state.state]
    if health != "pass":
        return Diagnosis(health, f"It is {state.state.replace('_', ' ')}: {state.reason or 'no reason given'}.", facts)
    if seen.moved:
        shut = ", ".join(moved.model for moved in seen.moved[:5])
        return Diagnosis("warn", f"{len(seen.moved)} of its models failed too often just now: {shut}.", facts)
    return Diagnosis("pass", None, facts)


def _breaker(moved: BreakerMoved) -> dict[str, Any]:
    return {
        "model": moved.model,
        "state": moved.state,
        "reason": moved.reason,
        "since": _written(moved.at),
        "retry_at": _written(moved.retry_at),
    }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
