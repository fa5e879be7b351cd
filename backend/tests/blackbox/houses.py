"""Starts the two set-ups that every case runs on, with a canary in every secret.

`small`: testing, SQLite, limits in memory, one process. `large`: production, PostgreSQL, Valkey, two processes, known
to browsers by an https address.
"""

import functools
import json
import secrets
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.blackbox.asking import Seen, until
from tests.blackbox.targets import SILENT, House, Target
from tests.journeys.programs import MODELS, Mock, environment, provider_toml
from tests.twins.servers import Postgres, running_postgres
from tests.twins.valkeys import free_port, running_valkey

START_S = 90.0
ORIGIN = "https://ultra.example"
SERVE: Sequence[str] = ("-m", "ultra")
_ADMIN = ("root", "a-Password of the tests 7!")


def canaries() -> dict[str, str]:
    """Return a fresh value for every secret setting, as strong as production wants it."""
    return {name: f"cnry{secrets.token_urlsafe(33)}" for name in ("signing", "csrf", "pepper", "test", "acme")}


@contextmanager
def small(folder: Path, mock: Mock, *, program: Sequence[str] = SERVE, **settings: str) -> Iterator[House]:
    """Run testing on SQLite, in one process."""
    known = canaries()
    port = free_port()
    variables = {
        "ENVIRONMENT": "testing",
        "DATABASE_URL": "sqlite:///var/ultra.db",
        "ULTRA_TEST_MODE_SECRET": known["test"],
        "ULTRA_LOG_LEVEL": "debug",
        **_secret(known),
        **settings,
    }
    with _running(folder, mock, variables, port, known, program=program, origin=f"http://127.0.0.1:{port}") as house:
        yield house


@contextmanager
def large(folder: Path, mock: Mock, *, is_production: bool = True, **settings: str) -> Iterator[House]:
    """Run production, or testing, on PostgreSQL and Valkey, in two processes."""
    known = {**canaries(), "valkey": f"cnry{secrets.token_hex(20)}"}
    if is_production:
        known.pop("test")
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres("blackbox"))
        valkey = stack.enter_context(running_valkey(folder / "valkey"))
        valkey.client.config_set("requirepass", known["valkey"])
        valkey.client.connection_pool.connection_kwargs["password"] = known["valkey"]
        variables = {
            "ENVIRONMENT": "production" if is_production else "testing",
            **({} if is_production else {"ULTRA_TEST_MODE_SECRET": known["test"]}),
            "DATABASE_URL": postgres.url(postgres.template),
            "REDIS_URL": f"redis://:{known['valkey']}@127.0.0.1:{valkey.port}/0",
            "ULTRA_WORKERS": "2",
            "ULTRA_PUBLIC_ORIGIN": ORIGIN,
            "ULTRA_API_DOCS": "true",
            "ULTRA_LOG_LEVEL": "debug",
            "ULTRA_SHUTDOWN_GRACE_S": "2",
            **_secret(known),
            **settings,
        }
        house = stack.enter_context(_running(folder, mock, variables, free_port(), known, origin=ORIGIN, private=True))
        house.database_text = functools.partial(_dump, postgres)
        house.valkey, house.postgres = valkey, postgres
        yield house


def _secret(known: Mapping[str, str]) -> dict[str, str]:
    return {
        "ULTRA_SIGNING_KEYS": f"one:{known['signing']}",
        "ULTRA_CSRF_KEY": known["csrf"],
        "ULTRA_KEY_PEPPER": known["pepper"],
        "ACME_API_KEY": known["acme"],
    }


@contextmanager
def _running(
    folder: Path,
    mock: Mock,
    settings: Mapping[str, str],
    port: int,
    known: Mapping[str, str],
    *,
    origin: str,
    private: bool = False,
    program: Sequence[str] = SERVE,
) -> Iterator[House]:
    folder.mkdir(parents=True, exist_ok=True)
    table = provider_toml(mock, "acme", MODELS["acme"])
    (folder / "ultra.toml").write_text(table.replace("models =", "private = true\nmodels =") if private else table)
    mock.arm("silent", model=SILENT.removeprefix("acme/"))
    variables = environment(folder, **settings)
    tell = functools.partial(_command, folder, variables)
    made = tell("users", "create", _ADMIN[0], "--admin", "--password-stdin", said=_ADMIN[1])
    assert made.returncode == 0, made.stderr
    serve = [sys.executable, *program, "serve", "--port", str(port)]
    with (folder / "stdout.txt").open("wb") as out, (folder / "ultra.log").open("ab") as log:
        process = subprocess.Popen(serve, cwd=folder, env=variables, stdout=out, stderr=log)
    house = House(
        url=f"http://127.0.0.1:{port}",
        admin_name=_ADMIN[0],
        admin_password=_ADMIN[1],
        origin=origin,
        environment=settings["ENVIRONMENT"],
        workers=int(settings.get("ULTRA_WORKERS", "1")),
        seen=Seen(known),
        folder=folder,
        mock=mock,
        signing=("one", known["signing"]),
        test_secret=known.get("test", ""),
        database_text=lambda: b"".join(each.read_bytes() for each in (folder / "var").glob("ultra.db*")),
        command=tell,
        setting=settings,
        pid=process.pid,
    )
    try:
        until(lambda: _is_ready(house, process), START_S, "a server that is ready")
        yield house
    finally:
        _stop(process)


@contextmanager
def beside(house: House, folder: Path, **settings: str) -> Iterator[Target]:
    """Run another server of the same deployment: the same stores and secrets, a process and a port of its own."""
    folder.mkdir(parents=True)
    (folder / "ultra.toml").write_text((house.folder / "ultra.toml").read_text())
    port = free_port()
    variables = environment(folder, **{**house.setting, **settings})
    serve = [sys.executable, *SERVE, "serve", "--port", str(port)]
    with (folder / "stdout.txt").open("wb") as out, (folder / "ultra.log").open("ab") as log:
        process = subprocess.Popen(serve, cwd=folder, env=variables, stdout=out, stderr=log)
    other = replace(house, url=f"http://127.0.0.1:{port}", folder=folder)
    try:
        until(lambda: _is_ready(other, process), START_S, "a server beside it that is ready")
        yield other
    finally:
        _stop(process)


def _command(
    folder: Path, variables: Mapping[str, str], *words: str, said: str = "", **more: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ultra", *words],
        cwd=folder,
        env={**variables, **more},
        input=said + "\n",
        capture_output=True,
        text=True,
        check=False,
    )


def _is_ready(house: House, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, f"ultra ended with {process.returncode}:\n{house.log()}"
    if " at http" not in (house.folder / "stdout.txt").read_text():
        return False
    with suppress(OSError), urllib.request.urlopen(f"{house.url}/health/ready") as reply:
        return bool(reply.status == 200)
    return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _dump(postgres: Postgres) -> bytes:
    """Return every row of every table as text."""
    import psycopg

    found = []
    with psycopg.connect(postgres.url(postgres.template), autocommit=True) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            rows: list[Any] = connection.execute(f'SELECT to_jsonb(t) FROM "{name}" t').fetchall()
            found.append(json.dumps([row[0] for row in rows]))
    return "\n".join(found).encode()


def listener() -> socket.socket:
    """Listen on a loopback port where nobody should ever come."""
    return socket.create_server(("127.0.0.1", 0))
