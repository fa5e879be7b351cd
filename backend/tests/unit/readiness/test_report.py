"""A report sums its outcomes up, for programs."""

import json

import pytest

from tests.unit.readiness.outcomes import outcome, report


@pytest.mark.parametrize(
    ("results", "result", "code"),
    [
        (["passed", "passed"], "passed", 0),
        (["passed", "not_run"], "passed", 0),
        (["passed", "failed", "not_run"], "failed", 1),
        (["not_run", "not_run"], "not_run", 69),
        ([], "not_run", 69),
    ],
)
def test_one_failure_is_a_failure_and_nothing_run_is_no_success(results: list[str], result: str, code: int) -> None:
    """What was not run neither fails a report nor makes one pass by itself."""
    found = report(*(outcome(f"step-{number}", each) for number, each in enumerate(results)))
    assert (found.result, found.exit_code) == (result, code)


def test_the_document_has_a_version_and_every_step() -> None:
    """It is plain JSON; each step has its id, result, time, what was seen and what to do."""
    found = report(outcome("limits", "failed", "27 passed.", "Look at REDIS_URL."), outcome("alive"))
    document = json.loads(json.dumps(found.as_json()))
    assert (document["schema"], document["result"], document["exit_code"]) == (1, "failed", 1)
    assert document["counts"] == {"passed": 1, "failed": 1, "not_run": 0}
    assert document["started_at"] == "2026-11-26T12:00:00+00:00"
    assert document["steps"][0] == {
        "id": "limits",
        "title": "The title of limits",
        "result": "failed",
        "seconds": 1.25,
        "said": "27 passed.",
        "advice": "Look at REDIS_URL.",
    }
