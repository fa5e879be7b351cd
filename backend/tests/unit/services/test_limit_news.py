"""Only what changes for others is told of the shared counter."""

from datetime import UTC, datetime

from tests.fakes.observer import FakeObserver
from ultra.domain.observations import LimitsMoved
from ultra.limits import Moved
from ultra.services.limit_news import LimitNews

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_probing_is_no_news() -> None:
    """Limits begin to be counted alone once, and are shared again once."""
    observer = FakeObserver()
    news = LimitNews(observer)
    for state, reason in (("open", "timed_out"), ("half_open", "probing"), ("open", "timed_out"), ("closed", None)):
        news.heard(Moved(AT, state, reason))  # type: ignore[arg-type]  # each is a state
    assert observer.noticed == [LimitsMoved(AT, True, "timed_out"), LimitsMoved(AT, False, None)]
