"""What real calls show of each provider."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.system import FakeSystem
from ultra.domain.observations import BreakerMoved, CallSettled, SignInFailed
from ultra.inventory.traffic import Seen, Traffic

NOW = FakeSystem().now()
OK = CallSettled("acme", "acme/a", NOW, "ok", None, None, None, 0.1, 0.2, None, None)
FAILED = replace(OK, at=NOW + timedelta(seconds=5), outcome="failed", error_kind="overloaded")
OPEN = BreakerMoved("acme", "acme/a", NOW, "open", "overloaded", None)


def test_the_last_success_and_the_last_failure_are_kept() -> None:
    """Each by itself, with the kind of the failure; other providers are not concerned."""
    traffic = Traffic()
    for fact in (OK, FAILED, replace(OK, at=NOW + timedelta(seconds=9))):
        traffic.notice(fact)
    assert traffic.of("acme") == Seen(NOW + timedelta(seconds=9), NOW + timedelta(seconds=5), "overloaded")
    assert traffic.of("other") == Seen()


@pytest.mark.parametrize(
    "fact",
    [
        replace(FAILED, error_kind="invalid_request"),
        replace(FAILED, outcome="cancelled", error_kind=None),
        SignInFailed(NOW, "password"),
    ],
)
def test_what_is_not_the_providers_fault_is_no_failure(fact: CallSettled | SignInFailed) -> None:
    """A bad question, a caller who left, and what is about something else."""
    traffic = Traffic()
    traffic.notice(fact)
    assert traffic.of("acme") == Seen()


def test_breakers_are_shown_until_they_close() -> None:
    """In their latest state, the latest last."""
    traffic = Traffic()
    other, probing = replace(OPEN, model="acme/b"), replace(OPEN, state="half_open")
    for moved in (OPEN, other, probing):
        traffic.notice(moved)
    assert traffic.of("acme").moved == (other, probing)
    traffic.notice(replace(other, state="closed"))
    assert traffic.of("acme").moved == (probing,)


def test_breakers_without_end_are_forgotten_from_the_oldest() -> None:
    """Names of models come from callers: what is kept of them is bounded."""
    traffic = Traffic()
    for number in range(500):
        traffic.notice(replace(OPEN, model=f"acme/{number}"))
    moved = traffic.of("acme").moved
    assert (len(moved), moved[-1].model) == (200, "acme/499")
