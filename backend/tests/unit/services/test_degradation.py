"""Only what changes for others is told of the shared counter."""

from datetime import UTC, datetime

import pytest

from tests.fakes.observer import FakeObserver
from ultra.domain.observations import LimitsMoved
from ultra.limits import Moved
from ultra.services.degradation import Degradation

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_probing_is_no_news() -> None:
    """Limits begin to be counted alone once, and are shared again once."""
    observer = FakeObserver()
    news = Degradation(observer)
    for state, reason in (("open", "timed_out"), ("half_open", "probing"), ("open", "timed_out"), ("closed", None)):
        news.heard(Moved(AT, state, reason))  # type: ignore[arg-type]  # each is a state
    assert observer.noticed == [LimitsMoved(AT, True, "timed_out"), LimitsMoved(AT, False, None)]


def test_the_log_says_it_once_a_change(caplog: pytest.LogCaptureFixture) -> None:
    """A warning with the reason when counting alone begins, one line when it is over, and nothing in between."""
    news = Degradation(FakeObserver())
    with caplog.at_level("INFO", logger="ultra.services"):
        for _ in range(2):
            for state in ("open", "half_open", "open", "half_open", "closed"):
                news.heard(Moved(AT, state, None if state == "closed" else "timed_out"))  # type: ignore[arg-type]  # as above
    said = [(each.levelname, each.getMessage()) for each in caplog.records]
    alone = ("WARNING", "limits are counted by this worker alone, at its share: timed_out")
    assert said == [alone, ("INFO", "limits are shared by all workers again")] * 2
