"""What is known of a provider, from real calls and free lists alone."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.fakes.system import FakeSystem
from ultra.checks.conditions.check import Diagnosis
from ultra.checks.conditions.provider import ProviderCondition
from ultra.domain.models import Availability, Model, ProviderState, Reason, State
from ultra.domain.observations import BreakerMoved
from ultra.inventory.live import LiveList
from ultra.inventory.traffic import Seen

NOW = FakeSystem().now()
NOTHING = Seen()


def open_breaker(model: str) -> BreakerMoved:
    """Return the fact that a breaker has opened."""
    return BreakerMoved("acme", model, NOW, "open", "timed_out", NOW + timedelta(seconds=30))


async def look(
    state: State, reason: Reason | None = None, *, seen: Seen = NOTHING, names: Sequence[str] = ()
) -> Diagnosis:
    """Look at a provider in this state."""
    known = ProviderState("acme", state, reason, NOW, key_configured=reason != "no_api_key")
    models = [Model(f"acme/{name}", "acme", name, availability=Availability(state, reason)) for name in names]
    check = ProviderCondition(
        provider="acme", known=lambda: (known, models), seen=lambda: seen, listed=lambda: LiveList(read_at=NOW)
    )
    assert check.name == "provider:acme"
    return await check.look()


@pytest.mark.parametrize(
    ("state", "reason", "health"),
    [
        ("available", None, "pass"),
        ("disabled", "disabled_by_operator", "pass"),
        ("degraded", "timeout", "warn"),
        ("rate_limited", "rate_limited", "warn"),
        ("unavailable", "auth_failed", "fail"),
        ("unavailable", "no_api_key", "pass"),
    ],
)
async def test_the_state_decides(state: State, reason: Reason | None, health: str) -> None:
    """One that cannot be asked fails, unless that is how its operator wants it."""
    found = await look(state, reason)
    assert found.health == health
    assert (found.facts["state"], found.facts["reason"]) == (state, reason)
    assert health == "pass" or reason in (found.reason or "")


async def test_a_provider_that_was_never_asked_is_unknown() -> None:
    """Which is no news shortly after a start."""
    found = await look("unknown", "never_checked")
    assert (found.health, found.is_known) == ("warn", False)


async def test_an_open_breaker_is_shown_with_its_model() -> None:
    """One model that fails too often is a warning, though others of the provider can be asked."""
    found = await look("available", seen=Seen(moved=(open_breaker("acme/a"),)))
    assert (found.health, found.reason) == ("warn", "1 of its models failed too often just now: acme/a.")
    assert found.facts["breaker"] == "open"
    assert found.facts["breakers"] == [
        {
            "model": "acme/a",
            "state": "open",
            "reason": "timed_out",
            "since": NOW.isoformat(),
            "retry_at": (NOW + timedelta(seconds=30)).isoformat(),
        }
    ]


async def test_the_last_success_and_failure_are_those_of_real_calls() -> None:
    """With the kind of the failure, and how many models can be asked."""
    found = await look("available", seen=Seen(NOW, NOW, "rate_limited"), names=["a", "b"])
    wanted = {"last_success_at": NOW.isoformat(), "last_failure_at": NOW.isoformat(), "last_failure": "rate_limited"}
    wanted |= {"listed_at": NOW.isoformat()}
    assert {name: found.facts[name] for name in wanted} == wanted
    assert (found.facts["models"], found.facts["usable"], found.facts["breaker"]) == (2, 2, "closed")


async def test_an_address_is_not_told() -> None:
    """It may hold a password."""
    assert not {"base_url", "url"} & set((await look("available")).facts)
