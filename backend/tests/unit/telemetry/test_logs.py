"""The one line of a request."""

import json
from datetime import UTC, datetime

import pytest
import structlog

from ultra.telemetry import logs

FACTS = {"method": "POST", "path": "/v1/chat/completions", "status": 200, "ms": 1.5, "request_id": "req_1"}
SECRET = "sk-abcdefghijklmnopqrstuvwxyz"


def now() -> datetime:
    """Return a time with microseconds."""
    return datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def written(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """Return the one line that was written."""
    (line,) = capsys.readouterr().err.splitlines()
    return dict(json.loads(line))


def test_a_line_for_programs_has_what_every_line_has(capsys: pytest.CaptureFixture[str]) -> None:
    """It has the same members as a line that takes the usual way."""
    logs.configure(level="info", form="json")
    structlog.stdlib.get_logger("ultra.request").info("request", **FACTS)
    usual = written(capsys)
    logs.request_writer(level="info", form="json", now=now)(FACTS)
    line = written(capsys)
    assert line | {"timestamp": None} == usual | {"timestamp": None}
    assert line["timestamp"] == "2026-01-02T03:04:05.000678Z"


@pytest.mark.parametrize("form", ["console", "json"])
def test_secrets_are_masked(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What looks like a key is not written, and its neighbours are."""
    logs.configure(level="info", form=form)
    logs.request_writer(level="info", form=form, now=now)(FACTS | {"model": SECRET})
    line = capsys.readouterr().err
    assert SECRET not in line
    assert "[redacted]" in line
    assert "/v1/chat/completions" in line


def test_labels_of_the_context_stand_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """What was bound for this context is written too, and the request's own facts win."""
    with structlog.contextvars.bound_contextvars(run_id="run_1", path="/other"):
        logs.request_writer(level="info", form="json", now=now)(FACTS)
    line = written(capsys)
    assert (line["run_id"], line["path"]) == ("run_1", "/v1/chat/completions")


@pytest.mark.parametrize("form", ["console", "json"])
def test_quiet_levels_write_nothing(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Above info there are no lines of requests."""
    logs.request_writer(level="warning", form=form, now=now)(FACTS)
    assert capsys.readouterr().err == ""
