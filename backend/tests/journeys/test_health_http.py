"""What a running Ultra says of itself while the servers it depends on are really stopped, frozen and started again."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.programs import Mock, UltraProcess, fetch, ultra_process, until
from tests.twins.servers import Postgres, running_postgres
from tests.twins.valkeys import Valkey, running_valkey

BACK_S = 30.0
"""Within this long a server that is back is in use again; a few seconds, and room for a busy machine."""

ASKED = {"model": "acme/alpha", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL that may be stopped."""
    with running_postgres("health") as server:
        yield server


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Run a Valkey that may be stopped."""
    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="module")
def ultra(
    postgres: Postgres, valkey: Valkey, running_mock: Mock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UltraProcess]:
    """Serve on both."""
    settings = {"DATABASE_URL": postgres.url(postgres.template), "REDIS_URL": valkey.url}
    with ultra_process(tmp_path_factory.mktemp("ultra"), running_mock, settings=settings) as process:
        yield process


@pytest.fixture(autouse=True)
def well(ultra: UltraProcess, mock: Mock) -> None:
    """Begin each test with everything in order."""
    until(lambda: report(ultra)["ready"], patience=BACK_S, what="ready")


def report(ultra: UltraProcess) -> Any:
    """Return what an operator is told."""
    status, body = fetch(f"{ultra.url}/api/health")
    return body if status == 200 else {"ready": False, "refused": body}


def status_of(ultra: UltraProcess, path: str) -> tuple[int, str]:
    """Return the status of an answer, and the one it tells."""
    status, body = fetch(f"{ultra.url}{path}")
    return status, body["status"]


def part(ultra: UltraProcess, group: str, name: str) -> Any:
    """Return how one part is."""
    return report(ultra)[group][name]


def test_everything_is_named_with_its_version(ultra: UltraProcess) -> None:
    """The database, the shared counter, the tables, each provider, and the worker that answers."""
    until(lambda: report(ultra)["status"] == "pass", patience=BACK_S, what="everything in order")
    told = report(ultra)
    dependencies = {name: each["facts"] for name, each in told["dependencies"].items()}
    assert dependencies["database"]["kind"] == "postgresql"
    assert int(dependencies["database"]["version"].partition(".")[0]) >= 14
    assert dependencies["shared_limits"]["server"].startswith("valkey ")
    assert dependencies["migrations"]["state"] == "current"
    assert abs(dependencies["clock"]["skew_s"]) < 2
    assert set(told["providers"]) == {"openai", "anthropic", "gemini", "acme"}
    assert told["worker"]["pid"] == ultra.pid
    assert status_of(ultra, "/health") == (200, "pass")


def test_without_the_database_it_is_alive_and_not_ready(ultra: UltraProcess, postgres: Postgres) -> None:
    """Stopped: 503 within seconds, while liveness stays and the log says why; started: ready by itself."""
    before = part(ultra, "dependencies", "database")["since"]
    with postgres.stopped():
        until(lambda: status_of(ultra, "/health/ready") == (503, "fail"), patience=BACK_S, what="not ready")
        assert status_of(ultra, "/health") == (503, "fail")
        assert status_of(ultra, "/health/live") == (200, "pass")
        for path, body in (("/v1/models", None), ("/v1/chat/completions", ASKED), ("/api/health", None)):
            status, refused = fetch(ultra.url + path, method="POST" if body else "GET", body=body)
            assert status == 503, (path, refused)
            assert "The store cannot be reached." in str(refused)
        assert "database: fail" in ultra.log()
    until(lambda: status_of(ultra, "/health/ready")[0] == 200, patience=BACK_S, what="ready again")
    database = part(ultra, "dependencies", "database")
    assert database["status"] == "pass"
    assert database["since"] > before
    assert fetch(f"{ultra.url}/v1/chat/completions", method="POST", body=ASKED)[0] == 200


def test_a_database_that_hangs_is_one_that_is_gone(ultra: UltraProcess, postgres: Postgres) -> None:
    """It takes connections and says nothing: the look ends at its deadline, and no answer about health waits for it."""
    with postgres.frozen():
        until(lambda: status_of(ultra, "/health/ready") == (503, "fail"), patience=BACK_S, what="not ready")
        began = time.monotonic()
        for path in ("/health/live", "/health/ready", "/health"):
            fetch(f"{ultra.url}{path}")
        assert time.monotonic() - began < 2
        assert "did not answer within 3 s" in ultra.log()
    until(lambda: status_of(ultra, "/health/ready")[0] == 200, patience=BACK_S, what="ready again")


@pytest.mark.parametrize("fault", ["stopped", "frozen"])
def test_without_the_shared_counter_it_stays_ready(ultra: UltraProcess, valkey: Valkey, fault: str) -> None:
    """It warns, serves, and counts by itself meanwhile; once the counter is back it is used without anybody's doing."""
    with getattr(valkey, fault)():
        until(
            lambda: part(ultra, "dependencies", "shared_limits")["status"] == "warn",
            patience=BACK_S,
            what="a warning about the shared counter",
        )
        assert status_of(ultra, "/health/ready") == (200, "warn")
        told = part(ultra, "dependencies", "shared_limits")
        assert "each worker counts its share by itself" in told["reason"]
        assert told["facts"]["shared"] is False
        assert fetch(f"{ultra.url}/v1/chat/completions", method="POST", body=ASKED)[0] == 200
    until(lambda: part(ultra, "dependencies", "shared_limits")["facts"]["shared"], patience=BACK_S, what="shared again")


def test_a_provider_that_fails_is_told_from_real_calls(ultra: UltraProcess, mock: Mock) -> None:
    """Its breaker, its last success and its last failure; the server stays ready, and nobody was asked by the looks."""

    def acme() -> Any:
        return part(ultra, "providers", "acme")

    assert fetch(f"{ultra.url}/v1/chat/completions", method="POST", body=ASKED)[0] == 200
    until(lambda: acme()["facts"]["last_success_at"], patience=BACK_S, what="a success")
    mock.arm("server-error", model="beta")
    for _ in range(8):
        fetch(f"{ultra.url}/v1/chat/completions", method="POST", body={**ASKED, "model": "acme/beta"})
    until(lambda: acme()["facts"]["breaker"] == "open", patience=BACK_S, what="an open breaker")
    told = acme()
    assert told["status"] == "warn"
    assert [each["model"] for each in told["facts"]["breakers"]] == ["acme/beta"]
    assert told["facts"]["last_failure"] is not None
    assert status_of(ultra, "/health/ready") == (200, "warn")
    asked = len(mock.requests())
    for _ in range(20):
        report(ultra)
    assert len(mock.requests()) == asked


def test_a_provider_that_hangs_slows_no_answer_about_health(ultra: UltraProcess, mock: Mock) -> None:
    """While calls wait for it, everything about health comes at once."""
    mock.arm("silent", model="gamma")
    with ThreadPoolExecutor(4) as waiting:
        body = {**ASKED, "model": "acme/gamma", "stream": True}
        calls = [waiting.submit(_give_up, f"{ultra.url}/v1/chat/completions", body, ultra.key) for _ in range(4)]
        until(lambda: len(mock.requests("gamma")) >= 4, patience=BACK_S, what="four calls that wait")
        took = []
        for _ in range(10):
            began = time.monotonic()
            assert report(ultra)["ready"]
            took.append(time.monotonic() - began)
        assert sorted(took)[5] < 0.5
        assert all(call.result() for call in calls)


def _give_up(url: str, body: Any, key: str) -> bool:
    """Ask for an answer that does not come."""
    try:
        fetch(url, method="POST", body=body, timeout=3.0, key=key)
    except OSError:
        return True
    return False


def test_a_thousand_questions_ask_the_database_nothing(ultra: UltraProcess, postgres: Postgres) -> None:
    """Of what anybody may ask, none reaches the database: what it sees is what it sees of an idle server."""

    def transactions() -> int:
        with postgres.connect() as connection:
            connection.execute("SELECT pg_stat_clear_snapshot()")
            row = connection.execute("SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database").fetchone()
        return int(row[0])

    before, began = transactions(), time.monotonic()
    for _ in range(500):
        assert fetch(f"{ultra.url}/health")[0] in (200, 429)
        assert fetch(f"{ultra.url}/health/ready")[0] == 200
    took = time.monotonic() - began
    time.sleep(1.5)  # it counts what has ended for a second before it says so
    assert transactions() - before < 50 + 10 * (took + 1.5)


def test_without_the_shared_counter_it_starts(tmp_path: Path, mock: Mock) -> None:
    """Nobody is at that address: it is ready, warns, and serves with limits of its own.

    What the start has found of the configuration is told as well, each with its id.
    """
    settings = {"REDIS_URL": "redis://127.0.0.1:1/0", "ULTRA_RETRY_BASE_S": "3"}
    with ultra_process(tmp_path, mock, settings=settings) as process:
        assert status_of(process, "/health/live") == (200, "pass")
        assert status_of(process, "/health/ready") == (200, "warn")
        assert part(process, "dependencies", "shared_limits")["status"] == "warn"
        configuration = part(process, "configuration", "configuration")
        assert configuration["status"] == "warn"
        assert [each["setting"] for each in configuration["facts"]["findings"]] == ["ULTRA_RETRY_BASE_S"]
        assert fetch(f"{process.url}/v1/chat/completions", method="POST", body=ASKED)[0] == 200
