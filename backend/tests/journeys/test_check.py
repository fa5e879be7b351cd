"""`ultra check` by real processes on whole and broken folders, and `ultra serve` that refuses what it refuses."""

import json
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.programs import environment

CANARY = "CANARY-that-nobody-may-see"

BROKEN = f"""\
ULTRA_SIGNING_KEYS=one:changeme-{CANARY}-changeme
ULTRA_CSRF_KEY={CANARY[:9]}
ULTRA_TEST_MODE_SECRET={CANARY}-{CANARY}
ULTRA_WORKERS=2
ULTRA_OPENAI_BASE_URL=http://127.0.0.1:9/v1
ULTRA_TRUSTED_PROXIES=0.0.0.0/0
ULTRA_PUBLIC_ORIGIN=http://ultra.example
ULTRA_LOG_LEVEL=debug
ULTRA_CORS_ORIGINS=*
ULTRA_CORS_CREDENTIALS=true
ULTRA_PROT={CANARY}
"""
REFUSED = {"U002", "U005", "U007", "U020", "U021", "U022", "U026", "U032", "U044", "U050", "U051", "U052"}
"""What is wrong there and keeps production from starting."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a program ended, and what it wrote."""

    code: int
    out: str
    err: str


def ultra(folder: Path, *arguments: str, **settings: str) -> Said:
    """Run one command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "ultra", *arguments],
        cwd=folder,
        env={name: value for name, value in environment(folder, **settings).items() if value},
        capture_output=True,
        check=False,
        timeout=90,
    )
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def found(said: Said) -> Mapping[str, set[str]]:
    """Return the ids of a JSON document by level."""
    levels: dict[str, set[str]] = {"error": set(), "warning": set(), "info": set()}
    for each in document(said)["findings"]:
        levels[each["level"]].add(each["id"])
    return levels


def document(said: Said) -> Any:
    """Return the JSON that was printed."""
    return json.loads(said.out)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Make a production folder with a dozen things wrong."""
    (tmp_path / ".env").write_text("ENVIRONMENT=production\nULTRA_PORT=1\n")
    (tmp_path / ".env.production.local").write_text(BROKEN)
    (tmp_path / ".env.production.local").chmod(0o644)
    return tmp_path


def whole(folder: Path) -> Path:
    """Make a production folder with nothing wrong but what may be."""
    lines = [
        f"ULTRA_SIGNING_KEYS=one:{secrets.token_urlsafe(32)}",
        f"ULTRA_CSRF_KEY={secrets.token_urlsafe(32)}",
        f"ULTRA_KEY_PEPPER=one:{secrets.token_urlsafe(32)}",
        "ULTRA_PUBLIC_ORIGIN=https://ultra.example",
        "ULTRA_TRUSTED_PROXIES=127.0.0.1/32",
        "OPENAI_API_KEY=sk-of-nobody",
        "ULTRA_PORT=0",
    ]
    (folder / ".env").write_text("ENVIRONMENT=production\n")
    (folder / ".env.production.local").write_text("\n".join(lines) + "\n")
    (folder / ".env.production.local").chmod(0o600)
    return folder


def test_everything_that_is_wrong_is_said_at_once(broken: Path) -> None:
    """A table for people: each id, its setting, what to do, a closing line; and no value of a secret."""
    said = ultra(broken, "check", ENVIRONMENT="")
    assert said.code == 78
    assert all(name in said.out for name in REFUSED)
    assert "chmod 600" in said.out
    assert "Did you mean ULTRA_PORT?" in said.out
    assert said.out.rstrip().splitlines()[-1].endswith(": production would not start.")
    assert "CANARY" not in said.out + said.err


def test_serving_refuses_with_the_same_ids(broken: Path) -> None:
    """What the check calls errors keeps `ultra serve` from starting, under the same ids, and with exit code 78."""
    checked, served = ultra(broken, "check", "--json", ENVIRONMENT=""), ultra(broken, "serve", ENVIRONMENT="")
    assert served.code == checked.code == 78
    assert {line.split()[0] for line in served.err.splitlines()} == found(checked)["error"] == REFUSED
    assert served.out == ""
    assert "CANARY" not in served.err + checked.out


def test_the_fail_level_decides_about_warnings(tmp_path: Path) -> None:
    """SQLite and limits in memory are warnings in production: it starts, and a stricter level still says no."""
    folder = whole(tmp_path)
    said = ultra(folder, "check", "--json", ENVIRONMENT="")
    assert (said.code, found(said)) == (0, {"error": set(), "warning": {"U040", "U042"}, "info": set()})
    assert document(said)["would_start"] is True
    assert document(said)["counts"] == {"error": 0, "warning": 2, "info": 0}
    assert ultra(folder, "check", "--fail-level", "warning", ENVIRONMENT="").code == 1


def test_warnings_are_logged_when_a_server_starts(tmp_path: Path) -> None:
    """Each warning is a line of the log with its id and what to do; the server starts all the same."""
    command = [sys.executable, "-m", "ultra", "serve"]
    variables = {name: value for name, value in environment(whole(tmp_path)).items() if name != "ENVIRONMENT"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            first = process.stdout.readline() if process.stdout else b""
        finally:
            process.terminate()
        _, err = process.communicate(timeout=60)
    assert first.startswith(b"Ultra (production) at ")
    lines = [json.loads(line) for line in err.decode().splitlines()]
    logged = {line["event"].split()[0]: line for line in lines if line["level"] == "warning"}
    assert set(logged) >= {"U040", "U042"}
    assert logged["U042"]["hint"] == "Use Valkey or Redis."


def test_another_environment_is_judged_without_switching(tmp_path: Path) -> None:
    """`--environment` wins over `.env` and over the process environment, and changes nothing."""
    (tmp_path / ".env").write_text("ENVIRONMENT=development\n")
    said = ultra(tmp_path, "check", "--environment", "production", "--json", ENVIRONMENT="testing")
    assert document(said)["environment"] == "production"
    assert {"U020", "U050"} <= found(said)["error"]
    assert ultra(tmp_path, "check", ENVIRONMENT="").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env"]


def test_an_environment_of_another_name_is_no_environment(tmp_path: Path) -> None:
    """`prod` is not `production`: nothing starts, and the check says so."""
    said = ultra(tmp_path, "check", "--json", ENVIRONMENT="prod")
    assert said.code == 78
    assert (document(said)["environment"], found(said)["error"]) == (None, {"U001"})
    assert "U001" in ultra(tmp_path, "serve", ENVIRONMENT="prod").err
    assert ultra(tmp_path, "check", "--environment", "prod").code == 2


def test_connecting_says_what_cannot_be_reached(tmp_path: Path) -> None:
    """`--connect` finds the server that is not there; without it nobody looks."""
    folder = whole(tmp_path)
    away = {"DATABASE_URL": f"postgresql://u:{CANARY}@127.0.0.1:1/d", "OPENAI_API_KEY": ""}
    (folder / ".env.production.local").write_text(
        (folder / ".env.production.local").read_text().replace("OPENAI_API_KEY=sk-of-nobody\n", "")
    )
    assert ultra(folder, "check", **{**away, "ENVIRONMENT": ""}).code == 0
    said = ultra(folder, "check", "--connect", "--json", **{**away, "ENVIRONMENT": ""})
    assert said.code == 78
    assert found(said)["error"] == {"U090"}
    assert document(said)["connected"] is True
    assert "CANARY" not in said.out + said.err
