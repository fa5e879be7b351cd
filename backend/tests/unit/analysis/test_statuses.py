"""The status of a run says how much of it came about."""

import pytest
from hypothesis import given, strategies

from ultra.analysis.statuses import failure_kind, settled_status
from ultra.domain.analysis import Answer


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"asked": 3, "answered": 3}, "complete"),
        ({"asked": 1, "answered": 1}, "complete"),
        ({"asked": 3, "answered": 2}, "partial"),
        ({"asked": 3, "answered": 3, "incomplete": True}, "partial"),
        ({"asked": 3, "answered": 3, "contested": True}, "contested"),
        ({"asked": 3, "answered": 2, "contested": True}, "contested"),
        ({"asked": 3, "answered": 1}, "single"),
        ({"asked": 3, "answered": 2, "unsynthesised": True}, "unsynthesised"),
        ({"asked": 3, "answered": 0}, "failed"),
        ({"asked": 0, "answered": 0}, "failed"),
    ],
)
def test_the_table_of_statuses(facts: dict[str, int], status: str) -> None:
    """Each row of the table has its status."""
    assert settled_status(**facts) == status


@given(
    asked=strategies.integers(0, 9), missing=strategies.integers(0, 9), incomplete=strategies.booleans(),
    contested=strategies.booleans(), unsynthesised=strategies.booleans(),
)  # fmt: skip
def test_complete_means_complete(
    asked: int, missing: int, incomplete: bool, contested: bool, unsynthesised: bool
) -> None:
    """Only a run whose every answer came whole, decided and synthesised is complete."""
    answered = max(asked - missing, 0)
    status = settled_status(
        asked=asked, answered=answered, incomplete=incomplete, contested=contested, unsynthesised=unsynthesised
    )
    if status == "complete":
        assert 0 < asked == answered
        assert not any((incomplete, contested, unsynthesised))


def test_a_failure_names_its_kind() -> None:
    """Models that could not be asked are no upstream failures; one real failure makes it one."""
    open_circuit = Answer("member-1", "p/m", "answer", "failed", error_kind="circuit_open")
    broken = Answer("member-2", "p/m", "answer", "failed", error_kind="network_failed")
    assert failure_kind([]) == failure_kind([open_circuit]) == "none_available"
    assert failure_kind([open_circuit, broken]) == "all_failed"


def test_what_nobody_could_be_paid_for_is_no_failure_of_an_upstream() -> None:
    """When money was all that lacked, that is the kind; beside models that could not be asked it is theirs."""
    unpaid = Answer("member-1", "p/m", "answer", "failed", error_kind="quota_exhausted")
    open_circuit = Answer("member-2", "p/m", "answer", "failed", error_kind="circuit_open")
    broken = Answer("member-3", "p/m", "answer", "failed", error_kind="network_failed")
    assert failure_kind([unpaid, unpaid]) == "quota_exhausted"
    assert failure_kind([unpaid, open_circuit]) == "none_available"
    assert failure_kind([unpaid, broken]) == "all_failed"
