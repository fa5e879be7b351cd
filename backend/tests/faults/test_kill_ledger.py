"""kill -9 right after an answer: what it cost is known afterwards, to the last cent."""

import signal
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.faults.listening import Listener
from tests.journeys.programs import Mock, UltraProcess, fetch, mock_process, ultra_process, until

ANSWERED = 40


@pytest.fixture(scope="module")
def mock():
    """Run a mock whose answers cost something."""
    with mock_process() as running:
        yield running


def question(model: str) -> dict[str, Any]:
    """Return a question to a model that has a price."""
    return {"model": model, "messages": [{"role": "user", "content": "Why?"}], "max_tokens": 50}


def ask(ultra: UltraProcess) -> tuple[str, Decimal]:
    """Ask and return the request's id and what it cost."""
    status, body = fetch(f"{ultra.url}/v1/chat/completions", method="POST", body=question("openai/gpt-6-astra"))
    assert status == 200, body
    return body["id"], Decimal(body["ultra"]["cost_usd"])


def spools(ultra: UltraProcess) -> list[Path]:
    """Return the files that outlive the process."""
    return [path for path in (ultra.folder / "var" / "spool").rglob("*") if path.is_file() and path.stat().st_size]


def rows(ultra: UltraProcess, statement: str) -> list[Any]:
    """Look into the database."""
    with sqlite3.connect(f"file:{ultra.database}?mode=ro", uri=True) as connection:
        return connection.execute(statement).fetchall()


def test_no_cent_is_lost(mock: Mock, tmp_path: Path) -> None:
    """Calls that ended a moment before and one under way: the next process writes down all that was not yet written."""
    mock.reset()
    mock.arm("stall-after-2-600s", model="gpt-6.1-sol", times=1)
    with ultra_process(tmp_path, mock) as first:
        waiting = Listener(f"{first.url}/v1/chat/completions", {**question("openai/gpt-6.1-sol"), "stream": True})
        until(lambda: mock.outcomes("gpt-6.1-sol") == ["open"], patience=30, what="a call under way")
        spent = sum((ask(first)[1] for _ in range(ANSWERED)), Decimal(0))
        first.signal(signal.SIGKILL)
        assert first.ended() == -signal.SIGKILL
        assert waiting.to_the_end().ended == "cut"
    with ultra_process(tmp_path, mock) as second:
        usage = second.get("/api/usage?by=model")["data"]
        assert {row["key"]: (row["calls"], row["unknown"]) for row in usage} == {
            "openai/gpt-6-astra": (ANSWERED, 0),
            "openai/gpt-6.1-sol": (1, 0),
        }
        assert sum(Decimal(row["cost_usd"]) for row in usage) == spent > 0
        open_rows = rows(second, "SELECT reserved_usd FROM ledger WHERE settled_at IS NULL")
        assert len(open_rows) == 1
        assert Decimal(str(open_rows[0][0])) > 0
        assert not spools(second)


def test_money_set_aside_by_the_dead_counts_as_spent_at_once(mock: Mock, tmp_path: Path) -> None:
    """The budget of a user whose call was under way: nothing stays aside, and as much is left as before, not more."""
    mock.reset()
    mock.arm("stall-after-2-600s", model="gpt-6.1-sol", times=1)
    sums = "SELECT spent_usd, aside_usd FROM budgets"
    with ultra_process(tmp_path, mock) as first:
        with sqlite3.connect(first.database) as connection:
            connection.execute("UPDATE users SET allowance = ?", ('{"daily_budget_usd": "5"}',))
        Listener(f"{first.url}/v1/chat/completions", {**question("openai/gpt-6.1-sol"), "stream": True})
        until(lambda: mock.outcomes("gpt-6.1-sol") == ["open"], patience=30, what="a call under way")
        ((spent, aside),) = rows(first, sums)
        assert Decimal(spent) == 0 < Decimal(aside)
        first.signal(signal.SIGKILL)
        assert first.ended() == -signal.SIGKILL
    with ultra_process(tmp_path, mock) as second:
        assert [tuple(map(Decimal, each)) for each in rows(second, sums)] == [(Decimal(aside), 0)]
        assert rows(second, "SELECT * FROM reservations") == []
