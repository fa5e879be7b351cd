"""R, K: limits over workers, clocks and restarts, and while the counter they share is away or unwell."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.asking import Client, until
from tests.blackbox.houses import beside, large
from tests.blackbox.targets import House, Target, at_once, bearer
from tests.system_programs import faketime_library

ME = "/api/auth/me"


@pytest.fixture(scope="module")
def own(upstream: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Start a large set-up whose counter and clocks may be tampered with."""
    with large(tmp_path_factory.mktemp("counters"), upstream, ULTRA_WORKERS="1") as house:
        yield house


@contextmanager
def clocks(house: House, folder: Path) -> Iterator[tuple[Target, Target]]:
    """Run two more servers of the same deployment, one with a clock an hour ahead, one an hour behind."""
    library = faketime_library()
    with ExitStack() as stack:
        ahead, behind = (
            stack.enter_context(
                beside(house, folder / name, LD_PRELOAD=library, FAKETIME=shift, DONT_FAKE_MONOTONIC="1")
            )
            for name, shift in (("ahead", "+1h"), ("behind", "-1h"))
        )
        yield ahead, behind


def test_R13_clocks_that_differ(own, tmp_path):
    """Two servers whose clocks are two hours apart let through together what one would."""
    person = own.person(requests_per_minute=10)
    text = person.key()["key"]
    with clocks(own, tmp_path) as servers:
        dates = [parsedate_to_datetime(each.client().get("/health").get("date") or "") for each in servers]
        assert dates[0] - dates[1] > timedelta(minutes=110)
        clients = [each.client([bearer(text)]) for each in servers]
        answers = at_once(40, lambda number: clients[number % 2].get(ME))
        statuses = Counter(each.status for each in answers)
        assert set(statuses) == {200, 429}
        # making the key has asked already; while they run a little comes back
        assert 6 <= statuses[200] <= 12, statuses
        for number in range(2):
            # every six seconds one comes back, perhaps just now
            last = min((clients[number].get(ME) for _ in range(3)), key=lambda each: -each.status).refused(429)
            assert 0 < int(last.get("retry-after") or "0") <= 60


def test_R03_a_restart_forgets_nothing(own, tmp_path):
    """Who has used a limit up is still over it when a server has come in the place of another."""
    text = own.person(requests_per_minute=5).key()["key"]
    with beside(own, tmp_path / "first") as server:
        client = server.client([bearer(text)])
        until(lambda: client.get(ME).status == 429, 30, "a limit that is used up")
    with beside(own, tmp_path / "second") as server:
        server.client([bearer(text)]).get(ME).refused(429)


@pytest.mark.parametrize("trouble", ["flushed", "read_only", "full"])
def test_R17_a_counter_that_is_unwell(own, trouble):
    """A counter that forgets, only reads or has no room left fails no request, and what is refused is refused well."""
    assert own.valkey is not None
    clients = [own.person().client for _ in range(4)]

    def ask(number: int) -> int:
        return sum(clients[number].get(ME).expect(200, 429).status == 200 for _ in range(40))

    with ThreadPoolExecutor(4) as pool:
        going = [pool.submit(ask, number) for number in range(4)]
        if trouble == "flushed":
            for _ in range(10):
                own.valkey.client.flushall()
            passed = [each.result() for each in going]
        else:
            with own.valkey.read_only() if trouble == "read_only" else own.valkey.full():
                passed = [each.result() for each in going]
    assert all(passed)
    own.client().post("/api/auth/token", {"username": own.admin_name, "password": own.admin_password}).expect(200)


def test_K07_revoked_while_the_counter_is_away(own):
    """With the counter away a revoked key is refused all the same, a good one is not, and limits hold."""
    assert own.valkey is not None
    person = own.person()
    good, gone = person.key(), person.key()
    clients = [own.client([bearer(each["key"])]) for each in (good, gone)]
    for client in clients:
        client.get(ME).expect(200)
    with own.valkey.frozen():
        clients[1].get(ME).expect(200)
        person.client.ask("DELETE", f"/api/keys/{gone['id']}").expect(204)
        clients[1].get(ME).unauthenticated()
        clients[0].get(ME).expect(200)
        assert 429 in flood(own.client())
    until(lambda: clients[0].get(ME).status == 200, 30, "everything as it was")
    clients[1].get(ME).unauthenticated()


def flood(client: Client) -> set[int]:
    """Return the statuses that somebody unknown hears who does not stop asking."""
    return {client.get(ME).status for _ in range(150)}


def test_R15_the_log_says_who_counts(own, tmp_path):
    """A counter that hangs is told of in one line of each server, and its return in another."""
    assert own.valkey is not None
    alone, together = "limits are counted by this worker alone", "limits are shared by all workers again"
    with beside(own, tmp_path / "told", ULTRA_WORKERS="1") as server:
        client = server.client([bearer(own.person().access)])

        def said(sentence: str) -> int:
            client.ask("GET", ME, may_fail=True)
            return server.log().count(sentence)

        with own.valkey.frozen():
            until(lambda: said(alone) == 1, 30, "a line that it counts alone")
        until(lambda: said(together) == 1, 30, "a line that all count again")
        assert (said(alone), said(together)) == (1, 1)


def test_R15_no_counter_from_the_start(own, tmp_path):
    """A server whose counter cannot be reached starts, lives, and limits by itself."""
    with beside(own, tmp_path / "alone", REDIS_URL="redis://127.0.0.1:9/0") as server:
        server.client().get("/health/live").expect(200)
        server.client().get("/health/ready").expect(200)
        server.client([bearer(own.person().access)]).get(ME).expect(200)
        assert 429 in flood(server.client())
