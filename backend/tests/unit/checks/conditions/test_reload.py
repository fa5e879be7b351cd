"""A refused reload shows until one succeeds, and so does what waits for a restart."""

from datetime import UTC, datetime

import pytest

from ultra.checks.conditions.reload import ReloadCondition
from ultra.services.reloading import ReloadState

AT = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "health", "sign"),
    [
        (ReloadState(AT), "pass", None),
        (ReloadState(AT, AT, ("ultra.toml: is not TOML.",)), "warn", "ultra.toml: is not TOML."),
        (ReloadState(AT, waiting=("ULTRA_PORT",)), "warn", "ULTRA_PORT"),
    ],
)
async def test_it_tells_how_the_last_reload_went(state: ReloadState, health: str, sign: str | None) -> None:
    """The reason names the first problem, or what waits; all of it stands among the facts."""
    found = await ReloadCondition(state=lambda: state).look()
    assert found.health == health
    assert (sign is None) == (found.reason is None)
    assert (sign or "") in (found.reason or "")
    assert found.facts["problems"] == list(state.problems)
    assert found.facts["waiting"] == list(state.waiting)
    assert found.facts["read_at"] == AT.isoformat()
