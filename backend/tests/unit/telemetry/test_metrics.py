"""What is heard is counted, under names that nobody outside chooses."""

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from tests.unit.telemetry.conftest import Value
from tests.unit.telemetry.observed import AT, call, served
from ultra.domain.observations import (
    BreakerMoved,
    BudgetReached,
    ConditionChanged,
    CredentialRefused,
    JournalRead,
    LimitsMoved,
    Observation,
    RunEnded,
    SignInFailed,
)
from ultra.telemetry import declarations as d
from ultra.telemetry.metrics import Metrics

HEARD: list[tuple[Observation, str, Mapping[str, str]]] = [
    (served(), "ultra_http_requests_total", {"route": "/v1/models", "method": "GET", "status": "2xx"}),
    (served(status=0), "ultra_http_requests_total", {"route": "/v1/models", "method": "GET", "status": "left"}),
    (served(), "ultra_http_request_duration_seconds_count", {"route": "/v1/models", "method": "GET"}),
    (served(limited=("address",)), "ultra_limit_refusals_total", {"limit": "address"}),
    (served(degraded=True), "ultra_limits_degraded_decisions_total", {}),
    (served(test_mode=True), "ultra_test_mode_attempts_total", {}),
    (call(), "ultra_upstream_calls_total", {"provider": "acme", "model": "acme/alpha", "outcome": "ok"}),
    (BudgetReached(AT, "user:ann", "day", 80), "ultra_budgets_reached_total", {"period": "day", "percent": "80"}),
    (SignInFailed(AT, "password"), "ultra_sign_in_failures_total", {"cause": "password"}),
    (CredentialRefused(AT, "key_rejected", "expired"), "ultra_credentials_refused_total", {"action": "key_rejected"}),
    (JournalRead(AT, 0.2), "ultra_journal_lag_seconds_count", {}),
    (LimitsMoved(AT, degraded=True, reason="timeout"), "ultra_limits_degraded", {}),
    (ConditionChanged(AT, "disk", "pass", "warn", "little is left"), "ultra_condition_health", {"name": "disk"}),
]


@pytest.mark.parametrize(("observation", "name", "labels"), HEARD)
def test_each_fact_raises_one_count(
    metrics: Metrics, value: Value, observation: Observation, name: str, labels: dict[str, str]
) -> None:
    """The sample named beside it is 1 afterwards."""
    metrics.notice(observation)
    assert value(name, **labels) == 1


def test_every_kind_of_observation_is_understood(metrics: Metrics) -> None:
    """None that the house knows is news to the metrics."""
    assert set(metrics._hears) == set(get_args(Observation))


def test_a_run_counts_its_quorum(metrics: Metrics, value: Value) -> None:
    """How many were asked, how many answered, how it ended and how long it took."""
    metrics.notice(RunEnded(AT, "consensus", "adaptive", "partial", asked=4, answered=3, total_s=7.0))
    assert value("ultra_runs_total", pattern="consensus", flow="adaptive", status="partial") == 1
    assert value("ultra_run_models_asked_total", pattern="consensus") == 4
    assert value("ultra_run_models_answered_total", pattern="consensus") == 3
    assert value("ultra_run_duration_seconds_sum", pattern="consensus") == 7


def test_a_breaker_is_in_one_state(metrics: Metrics, value: Value) -> None:
    """Each move takes it out of the state before; openings are counted; a provider's own is `*`."""

    def states(model: str) -> list[float | None]:
        known = {"provider": "acme", "model": model}
        return [value("ultra_breaker_state", state=state, **known) for state in ("closed", "open", "half_open")]

    metrics.notice(BreakerMoved("acme", "acme/alpha", AT, "open", "upstream_failed", None))
    assert states("acme/alpha") == [0, 1, 0]
    metrics.notice(BreakerMoved("acme", "acme/alpha", AT, "half_open", None, None))
    metrics.notice(BreakerMoved("acme", "acme/alpha", AT, "closed", None, None))
    assert states("acme/alpha") == [1, 0, 0]
    assert value("ultra_breaker_openings_total", provider="acme", model="acme/alpha") == 1
    metrics.notice(BreakerMoved("acme", "acme/*", AT, "open", "upstream_refused_key", None))
    assert states("*") == [0, 1, 0]


@pytest.mark.parametrize("method", ["BREW", "get", "x" * 1000])
def test_methods_that_nobody_knows_are_one(metrics: Metrics, value: Value, method: str) -> None:
    """Whatever a caller writes there, it makes no line of its own."""
    metrics.notice(served(method=method))
    assert value("ultra_http_requests_total", route="/v1/models", method="other", status="2xx") == 1


def test_what_alerts_watch_begins_at_nothing(value: Value) -> None:
    """Before anything has happened these are 0 and not absent, so that the first time is seen to be a growth."""
    assert value("ultra_budgets_reached_total", period="month", percent="100") == 0
    assert value("ultra_sign_in_failures_total", cause="throttled") == 0
    assert value("ultra_test_mode_attempts_total") == 0
    assert value("ultra_limits_degraded") == 0


def test_what_others_know_is_read_when_it_is_asked_for(metrics: Metrics, value: Value) -> None:
    """Several sources of one value are added up."""
    waiting = [3, 4]
    metrics.watch(d.RUNS_WAITING, lambda: waiting[0])
    metrics.watch(d.RUNS_WAITING, lambda: waiting[1])
    assert value("ultra_runs_waiting") == 7
    waiting[0] = 0
    assert value("ultra_runs_waiting") == 4


def test_the_build_is_told(value: Value) -> None:
    """Version, Python and environment are labels of a 1."""
    assert value("ultra_build_info", version="1.2.3", python="3.11", environment="testing") == 1


def test_two_workers_of_one_process_count_apart(metrics: Metrics, value: Value) -> None:
    """There is no registry that all share: what one counts the other does not see."""
    other: Any = Metrics(lists=lambda _: True, about={"version": "", "python": "", "environment": ""})
    other.notice(served(test_mode=True))
    assert value("ultra_test_mode_attempts_total") == 0
