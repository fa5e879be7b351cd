"""The command line as a process: signals, pipes, ports, and what `--help` loads."""

import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.asking import CLOSED, OPEN
from tests.journeys.programs import MODELS, PANEL, Mock, at, environment, fetch, provider_toml, until


@pytest.fixture
def folder(tmp_path: Path, mock: Mock) -> Path:
    """Make a folder whose `ultra.toml` names the mock."""
    (tmp_path / "ultra.toml").write_text(provider_toml(mock, "acme", MODELS["acme"]))
    return tmp_path


@contextmanager
def ultra(folder: Path, mock: Mock, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `ultra` until the block is left, with both outputs as pipes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ultra", *arguments],
        cwd=folder,
        env=environment(folder, **at(mock)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def panel() -> list[str]:
    """Return the options that name the panel."""
    return [word for model in PANEL for word in ("--model", model)]


def test_interrupting_a_run_stops_it(folder, mock):
    """Ctrl-C closes every call, ends the run as cancelled, and exits with 130."""
    for model in ("alpha", "beta", "gamma"):
        mock.arm("stall-after-2-600s", provider="acme", model=model)
    with ultra(folder, mock, "analyze", OPEN, *panel()) as process:
        until(lambda: mock.outcomes() == ["open"] * 3, patience=40, what="three open calls")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=40)
    assert (process.returncode, out) == (130, b"")
    assert err == b"\nInterrupted.\n"
    assert mock.outcomes() == ["client_left"] * 3
    with sqlite3.connect(folder / "var" / "ultra.db") as database:
        assert database.execute("SELECT status, error_kind FROM runs").fetchall() == [("cancelled", "cancelled")]


def test_interrupting_an_answer_stops_it(folder, mock):
    """Ctrl-C in the middle of an answer keeps what was printed and closes the call."""
    mock.arm("stall-after-2-600s", provider="acme", model="alpha")
    with ultra(folder, mock, "ask", OPEN, "--model", "acme/alpha") as process:
        until(lambda: mock.outcomes() == ["open"], patience=40, what="an open call")
        said = process.stdout.read1()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=40)
    assert process.returncode == 130
    assert said
    assert err == b"\nInterrupted.\n"
    assert mock.outcomes() == ["client_left"]


def test_a_reader_that_leaves_is_no_fault(folder, mock):
    """`ultra patterns | head -1` ends without a word."""
    with ultra(folder, mock, "patterns", "--json") as process:
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(40) == 0
    assert err == b""


def test_help_is_quick_because_it_loads_little(folder, mock):
    """No heavy library is loaded to print the help."""
    heavy = ["fastapi", "starlette", "uvicorn", "aiohttp", "sqlalchemy", "alembic", "rich", "pydantic", "genai_prices"]
    program = (
        "import sys\nfrom ultra.cli.main import run\ncode = run(['--help'])\n"
        f"sys.exit(code or ' '.join(name for name in {heavy!r} if name in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment(folder), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    for command in (b"ask", b"analyze", b"models", b"patterns", b"serve", b"config", b"db", b"mock"):
        assert command in done.stdout


def test_a_port_that_is_taken_is_said(folder, mock):
    """A server that cannot have its port says so and does not start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with ultra(folder, mock, "serve", "--port", str(port)) as process:
            out, err = process.communicate(timeout=40)
    assert process.returncode not in (0, None)
    assert out == b""
    assert b"address already in use" in err.lower()
    assert b"Traceback" not in err


def test_a_command_works_beside_a_server(folder, mock):
    """Two processes share one database: what one wrote, the other sees, and neither takes the other's runs."""
    with ultra(folder, mock, "serve", "--port", "0") as server:
        url = server.stdout.readline().decode().split(" at ")[1].strip()
        with ultra(folder, mock, "analyze", CLOSED, *panel(), "--json") as command:
            out, err = command.communicate(timeout=60)
        assert (command.returncode, err) == (0, b"")
        assert b'"decided": "391"' in out
        with ultra(folder, mock, "keys", "create", "--name", "me") as command:
            key = command.communicate(timeout=60)[0].decode().strip()
        _, history = fetch(f"{url}/api/analyses", key=key)
        assert history["data"] == []  # the operator's own run is not the administrator's
        server.send_signal(signal.SIGINT)
        assert server.wait(40) == 0
    assert [each["scenario"] for each in mock.requests()] == [None] * 3


def test_mock_serves_until_told_to_stop(folder, mock):
    """`ultra mock` says where it is, speaks the vendors' wires, and leaves in order."""
    with ultra(folder, mock, "mock", "--port", "0", "--speed", "0") as process:
        line = process.stdout.readline().decode()
        url = next(word for word in line.split() if word.startswith("http://")).rstrip("/.,")
        status, scenarios = fetch(f"{url}/control/scenarios")
        assert status == 200
        assert len(scenarios["scenarios"]) > 40
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=40)
    assert process.returncode in (0, 130)
    assert b"Traceback" not in err


def test_mock_lists_its_faults(folder, mock):
    """`--scenarios` prints every fault with its sentence."""
    with ultra(folder, mock, "mock", "--scenarios") as process:
        out, _ = process.communicate(timeout=40)
    assert process.returncode == 0
    assert b"reset-mid-event" in out


def test_nothing_of_the_environment_is_needed(tmp_path):
    """In an empty folder with nothing set, the first question is answered by the mock that Ultra brings along."""
    kept = {name: value for name, value in environment(tmp_path).items() if name != "ENVIRONMENT"}
    done = subprocess.run(
        [sys.executable, "-m", "ultra", "ask", "What is 17 * 23?"],
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"391" in done.stdout or b"17" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env.development.local", "var"]
    assert (tmp_path / ".env.development.local").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "var" / "ultra.db").stat().st_mode & 0o777 == 0o600
