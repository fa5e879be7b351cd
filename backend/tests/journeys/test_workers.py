"""`ultra serve --workers 2`: one address, two processes with houses of their own, on PostgreSQL and Valkey."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.programs import Mock, UltraProcess, at, environment, fetch, mock_process, ultra_process, until
from tests.twins.conftest import postgres  # noqa: F401 - the fixture
from tests.twins.limits.conftest import valkey_server  # noqa: F401 - the fixture
from tests.twins.servers import Postgres
from tests.twins.valkeys import Valkey


def children(pid: int) -> set[int]:
    """Return the processes that a process has started and that serve; the helper that tracks shared memory does not."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes()
            except (OSError, IndexError):
                continue
            if parent == pid and b"spawn_main" in command:
                found.add(int(entry.name))
    return found


@pytest.fixture(scope="module")
def shared(postgres: Postgres, valkey_server: Valkey) -> Iterator[dict[str, str]]:  # noqa: F811 - the fixtures
    """Give the settings of two workers."""
    for url in postgres.lend(template="template0"):
        yield {"DATABASE_URL": url, "REDIS_URL": valkey_server.url, "ULTRA_WORKERS": "2"}


@pytest.fixture(scope="module")
def vendors() -> Iterator[Mock]:
    """Run the mock."""
    with mock_process() as mock:
        yield mock


@pytest.fixture(scope="module")
def ultra(shared: dict[str, str], vendors: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Serve with two workers."""
    with ultra_process(tmp_path_factory.mktemp("ultra"), vendors, settings=shared) as process:
        yield process


def is_well(ultra: UltraProcess) -> bool:
    """Whether ten questions in a row are answered."""
    return all(fetch(f"{ultra.url}/health/ready")[0] == 200 for _ in range(10))


def test_one_address_is_served_by_two_processes(ultra: UltraProcess) -> None:
    """The address is printed once, both workers answer, and a key made elsewhere is good on both."""
    assert len(children(ultra.pid)) == 2
    assert (ultra.folder / "stdout.txt").read_text().count("http://") == 1
    assert is_well(ultra)
    assert [fetch(f"{ultra.url}/v1/models")[0] for _ in range(10)] == [200] * 10


def test_each_worker_tells_of_itself(ultra: UltraProcess) -> None:
    """A report says which of them it is about; both are told of by whoever asks often enough."""
    seen: dict[int, str] = {}

    def both() -> bool:
        worker = ultra.get("/api/health")["worker"]
        assert seen.setdefault(worker["pid"], worker["id"]) == worker["id"]
        return set(seen) == children(ultra.pid)

    until(both, patience=60, what="reports of both workers")
    assert len(set(seen.values())) == 2


def command(shared: dict[str, str], vendors: Mock, ultra: UltraProcess, *words: str) -> Any:
    """Run a command beside the workers and return its JSON."""
    variables = environment(ultra.folder, **(at(vendors) | shared))
    made = subprocess.run(
        [sys.executable, "-m", "ultra", *words, "--json"],
        cwd=ultra.folder, env=variables, capture_output=True, timeout=90, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr.decode()
    return json.loads(made.stdout or b"null")


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_revoked_key_is_refused_by_every_worker_at_once(
    shared: dict[str, str],
    vendors: Mock,
    ultra: UltraProcess,
    valkey_server: Valkey,  # noqa: F811 - the fixture
    is_frozen: bool,
) -> None:
    """Ended by another process; with the shared counter out of reach, as with it."""
    key = command(shared, vendors, ultra, "keys", "create", "--name", "short")

    def statuses() -> list[int]:
        return [fetch(f"{ultra.url}/v1/models", key=key["key"])[0] for _ in range(8)]

    assert statuses() == [200] * 8
    with valkey_server.frozen() if is_frozen else nullcontext():
        assert set(statuses()) == {200}
        command(shared, vendors, ultra, "keys", "revoke", key["id"])
        assert statuses() == [401] * 8


def test_a_worker_that_dies_is_replaced(ultra: UltraProcess) -> None:
    """The other one goes on meanwhile; nobody has to do anything."""
    before = children(ultra.pid)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    until(
        lambda: victim not in (now := children(ultra.pid)) and len(now) == 2, patience=60, what="another second worker"
    )
    until(lambda: is_well(ultra), patience=60, what="ten answers in a row")


def test_an_orphan_leaves(shared: dict[str, str], tmp_path: Path) -> None:
    """Workers whose parent is killed do not go on alone."""
    with mock_process() as mock, ultra_process(tmp_path, mock, settings=shared) as process:
        workers = children(process.pid)
        process.signal(signal.SIGKILL)
        process.ended()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), patience=60, what="both workers gone")


def test_sigterm_ends_all_of_them(ultra: UltraProcess) -> None:
    """Being told to stop is passed on, leaves nobody behind, and is success."""
    workers = children(ultra.pid)
    ultra.signal(signal.SIGTERM)
    assert ultra.ended(patience=60) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_a_house_that_cannot_be_built_ends_all(shared: dict[str, str], tmp_path: Path) -> None:
    """Workers that cannot start are not started again and again; the exit code says that it failed."""
    broken = {**shared, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    with mock_process() as mock:
        variables = environment(tmp_path, **(at(mock) | broken))
    command = [sys.executable, "-m", "ultra", "serve", "--port", "0"]
    made = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, timeout=90, check=False)
    assert made.returncode not in (0, 78)
    assert b"http://" not in made.stdout


def test_several_workers_need_what_they_share(tmp_path: Path) -> None:
    """On SQLite and without a shared counter the start is refused with both reasons."""
    command = [sys.executable, "-m", "ultra", "serve", "--workers", "2"]
    made = subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, timeout=90, check=False
    )
    assert made.returncode == 78
    assert made.stderr.count(b"ULTRA_WORKERS") == 2
