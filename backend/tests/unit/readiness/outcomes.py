"""Reports for tests."""

from datetime import UTC, datetime

from ultra.readiness import Outcome, Report


def outcome(name: str, result: str = "passed", said: str = "Fine.", advice: str | None = None) -> Outcome:
    """Return how a step went."""
    return Outcome(name, f"The title of {name}", result, 1.25, said, advice)


def report(*outcomes: Outcome) -> Report:
    """Return a report of a rehearsal."""
    at = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    return Report("rehearsal", "http://127.0.0.1:1", "0.1.0", at, 61.5, outcomes)
