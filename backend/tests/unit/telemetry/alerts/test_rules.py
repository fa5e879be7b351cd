"""Which facts are trouble, and when it is over."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes.system import FakeSystem
from ultra.domain.alerts import Alert
from ultra.domain.observations import (
    BreakerMoved,
    BudgetReached,
    ConditionChanged,
    LimitsMoved,
    Observation,
    RequestServed,
    SignInFailed,
)
from ultra.telemetry.alerts.rules import RUNBOOKS, WINDOW_S, Rules, Thresholds

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def system() -> FakeSystem:
    """Return a clock that is told."""
    return FakeSystem(jumps=False)


@pytest.fixture
def rules(system: FakeSystem) -> Rules:
    """Return rules with small thresholds."""
    return Rules(system=system, thresholds=Thresholds(failed_sign_ins=3, error_share=0.5, least_requests=4))


def heard(rules: Rules, *observations: Observation) -> list[tuple[str, str, bool]]:
    """Return the alerts of these facts."""
    return [_seen(alert) for each in observations for alert in rules.hear(each)]


def _seen(alert: Alert) -> tuple[str, str, bool]:
    return alert.name, alert.subject, alert.is_raised


def breaker(state: str, model: str = "openai/gpt-6-astra") -> BreakerMoved:
    """Return the move of a breaker."""
    return BreakerMoved(model.partition("/")[0], model, AT, state, "timed_out", None)


def condition(name: str, after: str) -> ConditionChanged:
    """Return the change of a condition."""
    return ConditionChanged(AT, name, None, after, None if after == "pass" else "It is not well.")


def test_an_open_breaker_is_told_once_and_its_closing_too(rules: Rules) -> None:
    """Probes in between are nobody's news."""
    moves = [breaker(state) for state in ("open", "half_open", "open", "half_open", "closed", "closed")]
    assert heard(rules, *moves) == [
        ("breaker-open", "openai/gpt-6-astra", True),
        ("breaker-open", "openai/gpt-6-astra", False),
    ]


def test_a_whole_providers_breaker_says_that_the_provider_is_down(rules: Rules) -> None:
    """It is graver than one model's."""
    (alert,) = rules.hear(breaker("open", "openai/*"))
    assert (alert.name, alert.subject, alert.gravity) == ("provider-down", "openai", "critical")


def test_a_provider_that_two_rules_find_down_is_told_once(rules: Rules) -> None:
    """Its breaker and its condition are the same trouble."""
    assert heard(rules, breaker("open", "openai/*"), condition("provider:openai", "fail")) == [
        ("provider-down", "openai", True)
    ]


@pytest.mark.parametrize(
    ("name", "after", "expected"),
    [
        ("database", "fail", ("database-down", "")),
        ("disk", "warn", ("disk-space", "")),
        ("shared_limits", "warn", ("limits-degraded", "")),
        ("provider:gemini", "fail", ("provider-down", "gemini")),
        ("queue", "fail", ("condition-failed", "queue")),
    ],
)
def test_conditions_have_alerts(rules: Rules, name: str, after: str, expected: tuple[str, str]) -> None:
    """What fails is told, and that it is well again; what has a page of its own is told when it begins to be unwell."""
    facts = (condition(name, after), condition(name, "pass"))
    assert heard(rules, *facts) == [(*expected, True), (*expected, False)]


def test_what_is_merely_not_quite_well_is_not_told(rules: Rules) -> None:
    """A condition without a page of its own has to fail."""
    assert heard(rules, condition("queue", "warn"), condition("queue", "pass")) == []


def test_degraded_limits_are_told(rules: Rules) -> None:
    """With their end."""
    moved = [LimitsMoved(AT, degraded, "TimeoutError" if degraded else None) for degraded in (True, True, False)]
    assert heard(rules, *moved) == [("limits-degraded", "", True), ("limits-degraded", "", False)]


def test_a_budget_is_told_whenever_it_reaches_a_mark(rules: Rules) -> None:
    """It has no end: the period's does not interest anybody."""
    alerts = list(rules.hear(BudgetReached(AT, "key:key_1", "day", 80)))
    assert [(each.name, each.subject, each.passes) for each in alerts] == [("budget-reached", "key:key_1", True)]
    assert "80 %" in alerts[0].sentence


async def test_a_burst_of_failed_sign_ins_begins_and_ends(rules: Rules, system: FakeSystem) -> None:
    """It is over when the window has passed."""
    failures = [SignInFailed(AT, "password")] * 4
    assert heard(rules, *failures) == [("sign-in-burst", "", True)]
    assert list(rules.look()) == []
    await system.tick(WINDOW_S + 60)
    assert [_seen(alert) for alert in rules.look()] == [("sign-in-burst", "", False)]


async def test_an_error_rate_needs_enough_requests(rules: Rules, system: FakeSystem) -> None:
    """Half of few is nothing, half of enough is; it ends with time."""
    good, bad = (RequestServed(AT, "GET", "/", status, 0.1) for status in (200, 503))
    assert heard(rules, bad, good, bad) == []
    assert heard(rules, bad) == [("error-rate", "", True)]
    await system.tick(WINDOW_S + 60)
    assert [_seen(alert) for alert in rules.look()] == [("error-rate", "", False)]


def test_an_error_rate_that_hovers_is_told_once(rules: Rules) -> None:
    """It is over at half of where it began."""
    good, bad = (RequestServed(AT, "GET", "/", status, 0.1) for status in (200, 500))
    assert heard(rules, *[bad] * 4, *[good] * 8, *[bad] * 4, *[good] * 6) == [("error-rate", "", True)]
    assert heard(rules, *[good] * 40) == []
    assert [_seen(alert) for alert in rules.look()] == [("error-rate", "", False)]


def test_every_alert_has_its_page() -> None:
    """Whoever is woken up finds what to do."""
    pages = Path(__file__).parents[5] / "docs" / "runbooks"
    assert not [name for name in RUNBOOKS if not (pages / f"{name}.md").is_file()]
