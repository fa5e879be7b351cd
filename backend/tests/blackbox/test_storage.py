"""Z: the database away, everything away, and more at once than there is room for."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.blackbox.asking import Answer, until
from tests.blackbox.houses import large, small
from tests.blackbox.targets import PANEL, House, at_once, bearer

ME = "/api/auth/me"
_RECOVERS_S = 20.0
"""The promise is ten seconds; the rest is for a busy machine."""
_GIVES_UP_S = 12.0
"""About six seconds is the promise."""
_NOTICES_S = 15.0


@pytest.fixture(scope="module")
def own(upstream: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Start a large set-up whose database may be taken away."""
    with large(tmp_path_factory.mktemp("storage"), upstream) as house:
        yield house


@pytest.fixture(scope="module")
def single(upstream: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Start a small set-up whose file may be held."""
    with small(tmp_path_factory.mktemp("single"), upstream) as house:
        yield house


@contextmanager
def no_database(house: House) -> Iterator[None]:
    """Let the database end all connections and take no new ones."""
    assert house.postgres is not None
    name = house.postgres.template
    with house.postgres.connect() as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_Z09_the_database_is_away(own):
    """A credential that cannot be looked up is neither good nor bad: 503, when to come back, and then as before."""
    person = own.person()
    key = person.key()["key"]
    clients = [person.client, own.client([bearer(key)])]
    with no_database(own):
        for client in clients * own.looks:
            answer = client.ask("GET", ME, may_fail=True).refused(503)
            assert (answer.get("retry-after") or "").isdigit()
        for body in ({"username": person.name, "password": person.password}, {"username": "nobody", "password": "x"}):
            own.client().ask("POST", "/api/auth/token", json=body, may_fail=True).refused(503)
        own.client().get("/health/live").expect(200)
    for client in clients:
        until(lambda c=client: c.ask("GET", ME, may_fail=True).status == 200, _RECOVERS_S, "an answer")
    for client in clients * own.looks:
        client.get(ME).expect(200)


def test_Z09_connections_that_end(own):
    """Connections that the database ends cost a refusal at most, never a wrong answer."""
    person = own.person()
    assert own.postgres is not None
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    statuses = []
    with own.postgres.connect() as connection:
        for number in range(60):
            if number % 10 == 5:
                connection.execute(kill, [own.postgres.template])
            statuses.append(person.client.ask("GET", ME, may_fail=True).expect(200, 503).status)
    assert statuses.count(200) >= 30, Counter(statuses)
    until(lambda: person.client.ask("GET", ME, may_fail=True).status == 200, _RECOVERS_S, "an answer")


@contextmanager
def hanging(house: House) -> Iterator[None]:
    """Let the database take questions and answer none."""
    assert house.postgres is not None
    with house.postgres.frozen():
        yield


@contextmanager
def locked(house: House) -> Iterator[None]:
    """Let somebody keep the table of users to themselves."""
    import psycopg

    assert house.postgres is not None
    with psycopg.connect(house.postgres.url(house.postgres.template)) as holder:
        holder.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.mark.parametrize("away", [hanging, locked])
def test_Z09_the_database_does_not_answer(own, away):
    """Nobody waits for ever: 503 within seconds, whoever asks for whatever, and `ready` says it; then as before."""
    people = [own.person() for _ in range(3)]
    own.person()  # somebody else: whoever was here a moment ago is looked up another way
    with_key = own.client([bearer(people[0].key()["key"])])
    new = {"username": people[1].name, "password": people[1].password}
    asked = {"model": PANEL[0], "messages": [{"role": "user", "content": "Hello"}]}
    wanted: list[Callable[[], Answer]] = [
        lambda: people[0].client.ask("GET", ME, may_fail=True),
        lambda: with_key.ask("GET", ME, may_fail=True),
        lambda: own.client().ask("POST", "/api/auth/token", json=new, may_fail=True),
        lambda: people[1].client.ask("POST", "/api/keys", json={"name": "x"}, may_fail=True),
        lambda: people[2].client.ask("POST", "/v1/chat/completions", json=asked, may_fail=True),
        lambda: people[2].client.ask("GET", "/api/analyses", may_fail=True),
    ] * 2
    with away(own):
        time.sleep(4)  # until nothing is known from before
        for answer, seconds in at_once(len(wanted), lambda number: _timed(wanted[number])):
            assert seconds < _GIVES_UP_S, seconds
            answer.refused(503)
            assert (answer.get("retry-after") or "").isdigit()
        until(lambda: own.client().ask("GET", "/health/ready", may_fail=True).status == 503, _NOTICES_S, "not ready")
        own.client().get("/health/live").expect(200)
    until(lambda: own.client().ask("GET", "/health/ready", may_fail=True).status == 200, _RECOVERS_S, "ready")
    for ask in wanted[:2] * own.looks:
        until(lambda ask=ask: ask().status == 200, _RECOVERS_S, "an answer")


def test_Z11_the_file_is_held_by_another_writer(single):
    """Who reads is served; who writes hears within seconds that the store is busy, and nothing of it has happened."""
    people = [single.person() for _ in range(3)]
    new = {"username": people[1].name, "password": people[1].password}
    run = {"prompt": "Why is the sky blue?", "models": PANEL[:1], "flow": "route"}
    asked = {"model": PANEL[0], "messages": [{"role": "user", "content": "Hello"}]}
    wanted: list[Callable[[], Answer]] = [
        lambda: people[0].client.ask("POST", "/api/keys", json={"name": "x"}, may_fail=True),
        lambda: single.client().ask("POST", "/api/auth/token", json=new, may_fail=True),
        lambda: people[2].client.ask("POST", "/api/analyze", json=run, may_fail=True),
    ] * 3
    with closing(sqlite3.connect(single.folder / "var" / "ultra.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        for answer, seconds in at_once(len(wanted), lambda number: _timed(wanted[number])):
            assert seconds < _GIVES_UP_S, seconds
            answer.refused(503)
            assert (answer.get("retry-after") or "").isdigit()
        people[0].client.get(ME).expect(200)
        called = people[0].client.post("/v1/chat/completions", asked).expect(200).get("x-request-id")
        assert holder.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        holder.execute("ROLLBACK")
    assert people[0].client.get("/api/keys").expect(200).json["data"] == []
    until(lambda: people[0].client.get(f"/api/requests/{called}").status == 200, _RECOVERS_S, "the call told of")
    for ask in wanted[:3]:
        ask().expect(200, 201)


def _timed(ask: Callable[[], Answer]) -> tuple[Answer, float]:
    begun = time.monotonic()
    return ask(), time.monotonic() - begun


def test_Z23_alive_whatever_is_dead(own):
    """That it lives is said at once, with the database away and the counter frozen."""
    assert own.valkey is not None
    with no_database(own), own.valkey.frozen():
        took = []
        for _ in range(20):
            begun = time.monotonic()
            assert own.client().get("/health/live").expect(200).json == {"status": "pass"}
            took.append(time.monotonic() - begun)
        assert median(took) < 0.25, took
    client = own.admin.client
    until(lambda: client.ask("GET", ME, may_fail=True).status == 200, _RECOVERS_S, "an answer")


def test_Z21_more_than_there_is_room_for(tmp_path, upstream):
    """Of many runs at once as many are begun as there is room for; the rest hears so soon, and memory does not grow."""
    limits = {"ULTRA_MAX_CONCURRENCY": "40", "ULTRA_LIMIT_CONCURRENCY": "16"}
    with small(tmp_path, upstream, **limits) as house:
        people = [house.person() for _ in range(6)]
        asked = {"prompt": "Why is the sky blue?", "models": ["acme/alpha", "acme/beta"], "flow": "compare"}
        before = resident(house.pid)

        def ask(number: int) -> tuple[Answer, float]:
            begun = time.monotonic()
            client = people[number % len(people)].client
            return client.ask("POST", "/api/analyze", json=asked, may_fail=True), time.monotonic() - begun

        found = at_once(240, ask)
        statuses = Counter(answer.status for answer, _ in found)
        assert set(statuses) <= {200, 429, 503}, statuses
        assert statuses[200] >= 16, statuses
        assert statuses[200] < 240, statuses
        refused = [(answer, seconds) for answer, seconds in found if answer.status != 200]
        assert all((answer.get("retry-after") or "").isdigit() for answer, _ in refused)
        assert resident(house.pid) - before < 150 << 20
        until(lambda: people[0].client.ask("POST", "/api/analyze", json=asked).status == 200, 90, "room again")


def resident(pid: int) -> int:
    """Return how many bytes of memory a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096
