"""`ultra users`, `keys`, `audit` and `db purge`, as somebody at this machine types them."""

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.desk.entry import PASSWORD, SECRETS
from ultra.cli.main import run

Type = Callable[..., Any]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Return a way to run a command in a folder of its own and read the JSON it prints, or its exit code."""
    settings = {"ENVIRONMENT": "testing", "DATABASE_URL": "sqlite:///var/ultra.db", "ULTRA_MOCK_SERVERS": "false"}
    for name, value in {**settings, **SECRETS}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def command(*words: str, stdin: str = "", code: int = 0) -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        assert run([*words, *(["--json"] if code == 0 else [])]) == code
        said = capsys.readouterr()
        return json.loads(said.out) if code == 0 else said.err

    return command


def test_users_from_the_first_to_the_last(told: Type) -> None:
    """Made with a password or a link, given a role, disabled, enabled, reset, removed; the last admin stays."""
    root = told("users", "create", "root", "--admin", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (root["role"], root["link"], root["has_password"]) == ("admin", None, True)
    ann = told("users", "create", "ann")
    assert (ann["role"], bool(ann["link"])) == ("member", True)
    assert told("users", "role", "ann", "operator")["role"] == "operator"
    assert told("users", "disable", "ann")["disabled_at"] is not None
    assert told("users", "enable", "ann")["disabled_at"] is None
    assert told("users", "reset", "ann")["link"] != ann["link"]
    assert [each["username"] for each in told("users", "list")] == ["ann", "root"]
    assert told("users", "delete", "ann", "--yes") == {"deleted": "ann"}
    assert "last administrator" in told("users", "disable", "root", code=66)
    assert "ann" in told("users", "reset", "ann", code=66)
    assert "no role" in told("users", "role", "root", "king", code=2)
    actions = [row["action"] for row in told("audit", "list")]
    assert actions[0] == "user.delete"
    assert PASSWORD not in str(told("audit", "list"))
    assert told("audit", "verify") == {"whole": True, "first_broken": None}


def test_keys_and_whose_they_are(told: Type) -> None:
    """The first key makes the first administrator; texts are shown once; another's key is not there."""
    made = told("keys", "create", "--name", "laptop", "--scope", "models:read", "--model", "a/one", "--no-store")
    assert (made["scopes"], made["models"], made["store"]) == (["models:read"], ["a/one"], False)
    fresh = told("keys", "rotate", made["id"], "--overlap", "60")
    assert fresh["key"] != made["key"]
    listed = told("keys", "list")
    assert [each["id"] for each in listed] == [fresh["id"], made["id"]]
    assert fresh["key"] not in str(listed)
    told("users", "create", "ann")
    assert told("keys", "list", "--user", "ann") == []
    assert "no such key" in told("keys", "revoke", made["id"], "--user", "ann", code=66)
    assert told("keys", "revoke", made["id"]) == {"revoked": made["id"]}
    assert "nobody" in told("keys", "list", "--user", "nobody", code=66)
    assert "scope is one of" in told("keys", "create", "--name", "x", "--scope", "all", code=2)


def test_a_book_that_somebody_changed_is_found_out(told: Type, capsys: pytest.CaptureFixture[str]) -> None:
    """A row altered behind Ultra's back does not fit its hash; the exit code says so to scripts."""
    told("users", "create", "ann")
    told("users", "create", "bob")
    with sqlite3.connect("var/ultra.db") as database:
        database.execute("UPDATE audit SET actor = 'somebody' WHERE seq = (SELECT max(seq) FROM audit)")
    database.close()
    assert run(["audit", "verify", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["whole"]
    assert found["first_broken"] == told("audit", "list")[0]["seq"]


def test_purging_says_what_went(told: Type) -> None:
    """Every table is named; what is fresh stays."""
    told("users", "create", "ann")
    removed = told("db", "purge", "--older-than", "1")
    assert {"runs", "ledger", "sessions", "idempotency", "reservations"} <= set(removed)
    assert not any(removed.values())
    assert [each["username"] for each in told("users", "list")] == ["ann"]
