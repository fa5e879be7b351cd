"""Everyone hears everything."""

from datetime import UTC, datetime

from tests.fakes.observer import FakeObserver
from ultra.domain.observations import SignInFailed
from ultra.telemetry.observers import Observers

_FACT = SignInFailed(at=datetime(2026, 1, 1, tzinfo=UTC), cause="password")


class _Failing:
    def notice(self, observation):
        raise ValueError(observation)


def test_everyone_hears_what_happens() -> None:
    """Each observer is told once."""
    first, second = FakeObserver(), FakeObserver()
    Observers([first, second]).notice(_FACT)
    assert first.noticed == second.noticed == [_FACT]


def test_one_that_fails_is_logged_and_the_others_hear(caplog) -> None:
    """A failing observer ends neither the call it hears of nor the telling."""
    after = FakeObserver()
    Observers([_Failing(), after]).notice(_FACT)
    assert after.noticed == [_FACT]
    assert "an observer failed at SignInFailed" in caplog.text
