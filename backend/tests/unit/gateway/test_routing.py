"""Which candidates may be asked, and what is raised when none answered."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.catalogue import model
from ultra.domain.errors import AllFailed, CircuitOpen, InvalidRequest, NoneAvailable, RateLimited, UpstreamFailed
from ultra.domain.models import Availability, Lifecycle
from ultra.gateway.policy import Policy
from ultra.gateway.routing import Obstacle, exhausted, unusable

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy(quota_recheck_s=60)


def _unusable(availability: Availability):
    return unusable(model("a/one", availability=availability), now=NOW, policy=POLICY)


@pytest.mark.parametrize("state", ["available", "degraded", "unknown"])
def test_usable_models_may_be_asked(state) -> None:
    """What the catalogue calls usable is not kept back."""
    assert _unusable(Availability(state, None)) is None


@pytest.mark.parametrize("reason", ["no_api_key", "model_not_found", "retired", "disabled_by_operator"])
def test_lasting_reasons_keep_a_model_back(reason) -> None:
    """What asking cannot change is not asked, and the reason is named."""
    error = _unusable(Availability("unavailable", reason, detail="so it is"))
    assert error is not None
    assert (error.code, error.retry_after) == (reason, None)
    assert "so it is" in error.message


def test_retired_and_disabled_models_are_kept_back() -> None:
    """Whatever their last reason was."""
    retired = model("a/one", lifecycle=Lifecycle(status="retired"))
    error = unusable(retired, now=NOW, policy=POLICY)
    assert error is not None
    assert error.code == "retired"
    assert _unusable(Availability("disabled", None)) is not None


def test_a_time_named_by_the_catalogue_is_waited_for() -> None:
    """Until `retry_at` the model is not asked; from then on it is."""
    limited = Availability("rate_limited", "rate_limited", retry_at=NOW + timedelta(seconds=30))
    error = _unusable(limited)
    assert error is not None
    assert error.retry_after == 30
    assert _unusable(Availability("rate_limited", "rate_limited", retry_at=NOW)) is None


@pytest.mark.parametrize("reason", ["circuit_open", "server_error", "timeout", "network", "auth_failed"])
def test_what_only_a_call_can_clear_is_left_to_the_breaker(reason) -> None:
    """Passive health alone does not keep a model back, or nobody would ever find it well again."""
    assert _unusable(Availability("unavailable", reason)) is None


def test_spent_quota_is_tried_again_after_a_while() -> None:
    """Without a named time a model with used-up quota rests for a minute after that was learned."""
    fresh = Availability("unavailable", "quota_exhausted", checked_at=NOW - timedelta(seconds=20))
    error = _unusable(fresh)
    assert error is not None
    assert error.retry_after == 40
    assert _unusable(Availability("unavailable", "billing", since=NOW - timedelta(seconds=61))) is None


def _skipped(error, name: str = "a/one") -> Obstacle:
    return Obstacle(name, "skipped", error)


def _failed(error, name: str = "a/two") -> Obstacle:
    return Obstacle(name, "failed", error)


def test_nobody_could_be_asked() -> None:
    """The error names each candidate's reason and the soonest time."""
    error = exhausted(
        "best",
        [_skipped(CircuitOpen("x", retry_after=9)), _skipped(RateLimited("x", retry_after=4), "b/one")],
    )
    assert isinstance(error, NoneAvailable)
    assert error.retry_after == 4
    assert "a/one: circuit_open" in error.message
    assert "b/one: rate_limited" in error.message


def test_no_candidates_at_all() -> None:
    """An empty list is nobody, too."""
    assert isinstance(exhausted("best", []), NoneAvailable)


def test_nobody_can_do_it() -> None:
    """When the request fits no candidate, the request is what is wrong."""
    wrong = InvalidRequest("x", param="tools")
    assert exhausted("best", [_skipped(wrong), _skipped(InvalidRequest("y"))]) is wrong
    assert isinstance(exhausted("best", [_skipped(wrong), _skipped(CircuitOpen("x"))]), NoneAvailable)


def test_the_only_candidates_error_is_raised_as_it_is() -> None:
    """With nothing to choose from, the caller gets the very error."""
    own = UpstreamFailed("x")
    assert exhausted("a/two", [_failed(own)]) is own


def test_several_failures_are_one_with_causes() -> None:
    """Each candidate's error is kept in order, skipped ones too, with the soonest time to come back."""
    first, second = CircuitOpen("x", retry_after=7), UpstreamFailed("y")
    error = exhausted("best", [_skipped(first), _failed(second)])
    assert isinstance(error, AllFailed)
    assert error.causes == (first, second)
    assert error.retry_after == 7
