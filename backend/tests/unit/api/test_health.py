"""What a house says of itself, to anybody and to operators, at the ASGI seam of the whole application."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tests.fakes.asgi import Exchange
from tests.fakes.checks import FakeCheck
from tests.fakes.observer import FakeObserver
from ultra import __version__
from ultra.app import State, create_app
from ultra.auth.sign_in import Source
from ultra.checks.conditions.check import Diagnosis
from ultra.checks.watch import Watch
from ultra.config import load
from ultra.desk.keys import WantedKey
from ultra.domain.identity import LOCAL_OPERATOR, Principal, Role, permitted

SECRETS = {
    "ULTRA_SIGNING_KEYS": "first:one-secret-of-the-tests-that-is-long-enough",
    "ULTRA_CSRF_KEY": "another-secret-of-the-tests-that-is-long-enough",
    "ULTRA_KEY_PEPPER": "a-third-secret-of-the-tests-that-is-long-enough",
}
NOWHERE = Source(user_agent="tests")
TEST_MODE = "a-fourth-secret-of-the-tests-that-is-long-enough"


@dataclass
class Running:
    """An application whose house is built."""

    app: Any
    state: State

    async def ask(self, path: str, *, method: str = "GET", **headers: str) -> Exchange:
        """Ask through the whole gate."""
        scope = {"state": dict(self.state), "raw_path": path.encode(), "query_string": b"", "root_path": ""}
        scope |= {"server": ("127.0.0.1", 8080), "scheme": "http", "http_version": "1.1"}
        exchange = Exchange(method=method, path=path, headers={"host": "127.0.0.1", **headers}, scope=scope)
        return await exchange(self.app)

    async def json(self, path: str, **headers: str) -> tuple[int | None, Any]:
        """Ask and read the answer."""
        answered = await self.ask(path, **headers)
        return answered.status, json.loads(answered.answer)


@asynccontextmanager
async def running(folder: Path, **settings: str) -> AsyncIterator[Running]:
    """Build a house in testing, without any provider."""
    environ = {"ENVIRONMENT": "testing", "DATABASE_URL": f"sqlite:///{folder}/ultra.db", "ULTRA_DATA_DIR": str(folder)}
    environ |= {"ULTRA_MOCK_SERVERS": "false", **SECRETS, **settings}
    made: Any = create_app(load(environ=environ, folder=folder))
    framework: FastAPI = made._others
    async with framework.router.lifespan_context(framework) as state:
        yield Running(made, state)  # type: ignore[arg-type]  # what our own lifespan yields


@pytest.fixture
async def house(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Running]:
    """Build one."""
    async with running(tmp_path) as built:
        yield built


@asynccontextmanager
async def watched(house: Running, *checks: FakeCheck) -> AsyncIterator[Running]:
    """Have the house watched by other checks."""
    services = house.state["services"]
    watch = Watch(
        checks=checks, is_leaving=lambda: services.is_leaving, observer=FakeObserver(), system=services.system
    )
    async with watch:
        yield Running(house.app, {**house.state, "watch": watch})


async def test_a_house_is_ready_as_soon_as_it_is_built(house: Running) -> None:
    """The database and its tables have been looked at before the first request comes."""
    status, body = await house.json("/health/ready")
    assert status == 200
    assert body["status"] in ("pass", "warn")
    health = {check.name: condition.health for check, condition in house.state["watch"].conditions()}
    assert (health["database"], health["migrations"]) == ("pass", "pass")


async def test_whoever_leaves_is_not_ready_from_that_moment_on(house: Running) -> None:
    """While what is under way has its grace, no balancer sends anything new; the process is alive."""
    house.state["services"].leave()
    assert await house.json("/health/ready") == (503, {"status": "fail"})
    assert (await house.json("/health"))[0] == 503
    assert await house.json("/health/live") == (200, {"status": "pass"})


async def test_head_answers_as_get_does(house: Running) -> None:
    """The same status, for probes that want no body."""
    assert [(await house.ask(path, method="HEAD")).status for path in ("/health", "/health/ready")] == [200, 200]
    house.state["services"].leave()
    assert [(await house.ask(path, method="HEAD")).status for path in ("/health", "/health/ready")] == [503, 503]


async def test_anybody_gets_one_line(house: Running) -> None:
    """Status, environment and version, and here that the test header is not honoured without its secret."""
    status, body = await house.json("/health")
    assert status == 200
    assert body == {"status": body["status"], "environment": "testing", "version": __version__, "test_mode": False}


async def test_the_line_says_when_test_mode_is_honoured(tmp_path: Path) -> None:
    """Which needs its secret, a loopback address and a database stamped for testing: that of a second start."""
    for _ in range(2):
        async with running(tmp_path, ULTRA_TEST_MODE_SECRET=TEST_MODE) as built:
            body = (await built.json("/health"))[1]
    assert body["test_mode"] is True


@pytest.mark.parametrize(("path", "status"), [("/health", 503), ("/health/ready", 503), ("/health/live", 200)])
async def test_what_is_dead_or_slow_delays_no_answer(house: Running, path: str, status: int) -> None:
    """Every part hangs, the database among them: liveness is a 200, the others say `fail`, and all do at once."""
    database = FakeCheck("database")
    database.is_needed, database.every_s, database.deadline_s = True, 0.05, 0.05
    async with watched(house, database, *(FakeCheck(f"provider:{number}", None) for number in range(20))) as sick:
        database.found = None
        while sick.state["watch"].is_ready:
            await sick.state["services"].system.sleep(0.01)
        await sick.ask(path)  # the first answer of a kind builds what the others use
        took = []
        for _ in range(20):
            began = time.perf_counter()
            assert (await sick.ask(path)).status == status
            took.append(time.perf_counter() - began)
        assert sorted(took)[10] < 0.05


async def test_the_report_says_who_answered_and_how_each_part_is(house: Running) -> None:
    """Grouped, each with reason, since and last look, and the worker that begins the names of its leases."""
    broken = FakeCheck("disk", Diagnosis("fail", "It is full.", {"free_bytes": 0}))
    provider = FakeCheck("provider:acme", Diagnosis("warn", "It is slow."))
    provider.group = "provider"
    async with watched(house, broken, provider) as sick:
        await sick.state["services"].system.sleep(0.05)
        status, body = await _reported(sick)
    assert status == 200
    assert (body["status"], body["ready"], body["leaving"]) == ("warn", True, False)
    assert (body["environment"], body["version"]) == ("testing", __version__)
    assert body["worker"]["id"] == sick.state["services"].vitals.worker
    assert body["worker"]["uptime_s"] >= 0
    disk = body["services"]["disk"]
    assert (disk["status"], disk["reason"], disk["needed"], disk["facts"]) == (
        "fail", "It is full.", False, {"free_bytes": 0},
    )  # fmt: skip
    assert disk["since"] <= disk["checked_at"] <= body["at"]
    assert body["providers"]["acme"]["reason"] == "It is slow."


async def test_a_house_reports_every_condition(house: Running) -> None:
    """All that are documented for one without providers, in their groups; no secret is among the facts."""
    _, body = await _reported(house)
    assert set(body["dependencies"]) == {"database", "migrations", "shared_limits", "disk"}
    assert set(body["services"]) == {"runs", "ledger", "audit", "model_lists", "event_loop"}
    assert set(body["configuration"]) == {"configuration", "reload"}
    assert body["dependencies"]["database"]["needed"] is body["dependencies"]["migrations"]["needed"] is True
    assert body["dependencies"]["database"]["facts"]["kind"] == "sqlite"
    assert body["dependencies"]["migrations"]["facts"]["state"] == "current"
    assert not [secret for secret in SECRETS.values() if secret.rpartition(":")[2] in json.dumps(body)]


async def test_the_report_is_for_whoever_may_read_it(house: Running) -> None:
    """Nobody without a credential; operators may, members may not."""
    assert (await house.json("/api/health"))[0] == 401
    assert (await _reported(house, role=Role.MEMBER))[0] == 403
    assert (await _reported(house, role=Role.OPERATOR))[0] == 200


async def test_a_thousand_questions_ask_the_database_nothing(house: Running) -> None:
    """However often anybody asks, the database is looked at at its own pace."""
    services = house.state["services"]
    asked = 0
    read: Callable[..., Any] = services.database.read

    async def counted(work: Any, **patience: Any) -> Any:
        nonlocal asked
        asked += 1
        return await read(work, **patience)

    services.database.read = counted  # type: ignore[method-assign]  # to count what passes
    began = time.monotonic()
    for number in range(1000):
        answered = await house.ask("/health", **{"x-number": str(number)})
        assert answered.status in (200, 429)
        assert (await house.ask("/health/ready")).status == 200
    # one look in two seconds at the database, and the executor's own once a second
    assert asked <= 10 + 4 * (time.monotonic() - began)


async def _reported(house: Running, *, role: Role = Role.OPERATOR) -> tuple[int | None, Any]:
    """Ask for the report with the key of somebody in that role."""
    services = house.state["services"]
    accounts = house.state["desk"].accounts
    user, _ = await accounts.create_user(
        LOCAL_OPERATOR, username=f"ada-{role}", role=role, password=None, allowance=None, source=NOWHERE
    )
    person = Principal(id=user["id"], kind="user", role=role, permissions=permitted(role, "local"))
    expires_at = services.system.now() + timedelta(days=1)
    key = await house.state["desk"].keys.create(person, WantedKey("tests", expires_at=expires_at), source=NOWHERE)
    return await house.json("/api/health", authorization=f"Bearer {key['key']}")
