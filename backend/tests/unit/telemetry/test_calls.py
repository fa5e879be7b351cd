"""Calls to providers: outcome, time, tokens, money."""

from collections.abc import Mapping

import pytest

from tests.unit.telemetry.conftest import Value
from tests.unit.telemetry.observed import call
from ultra.telemetry.metrics import Metrics

ALPHA: Mapping[str, str] = {"provider": "acme", "model": "acme/alpha"}


def test_tokens_and_money_of_a_call(metrics: Metrics, value: Value) -> None:
    """Each kind of token is counted for itself; parts are told beside what they are part of."""
    metrics.notice(call())
    kinds = ("input", "output", "cache_read", "cache_write", "reasoning")
    assert [value("ultra_tokens_total", kind=kind, **ALPHA) for kind in kinds] == [100, 20, 40, 3, 5]
    assert value("ultra_cost_usd_total", **ALPHA) == 0.25
    assert value("ultra_upstream_first_token_seconds_sum", **ALPHA) == 0.3
    assert value("ultra_upstream_call_duration_seconds_sum", outcome="ok", **ALPHA) == 1.5
    assert value("ultra_unpriced_calls_total", **ALPHA) is None


def test_an_unknown_cost_is_no_zero(metrics: Metrics, value: Value) -> None:
    """Calls whose price nobody knows are counted as such, and add nothing to the money."""
    metrics.notice(call(cost_usd=None))
    assert value("ultra_unpriced_calls_total", **ALPHA) == 1
    assert value("ultra_cost_usd_total", **ALPHA) == 0


@pytest.mark.parametrize("kind", ["timed_out", "rate_limited"])
def test_a_failure_is_counted_by_its_kind(metrics: Metrics, value: Value, kind: str) -> None:
    """It is a call that failed, without a first token, and one more failure of that kind."""
    metrics.notice(call(outcome="failed", error_kind=kind, first_token_s=None, usage=None))
    assert value("ultra_upstream_failures_total", kind=kind, **ALPHA) == 1
    assert value("ultra_upstream_calls_total", outcome="failed", **ALPHA) == 1
    assert value("ultra_upstream_calls_total", outcome="ok", **ALPHA) == 0
    assert value("ultra_upstream_first_token_seconds_count", **ALPHA) == 0


def test_further_attempts_are_counted(metrics: Metrics, value: Value) -> None:
    """The first call of a completion is no retry, the third is."""
    metrics.notice(call())
    assert value("ultra_upstream_retries_total", **ALPHA) is None
    metrics.notice(call(attempt=3))
    assert value("ultra_upstream_retries_total", **ALPHA) == 1


def test_models_that_are_not_listed_are_one(metrics: Metrics, value: Value) -> None:
    """Their provider is known, their name is not repeated."""
    metrics.notice(call(model="acme/made-up-1"))
    metrics.notice(call(model="acme/made-up-2"))
    assert value("ultra_upstream_calls_total", provider="acme", model="other", outcome="ok") == 2
