"""Two workers under load: reloaded, replaced one by one, and ended, without one request being lost."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.crowd import QUESTION, crowd
from tests.faults.listening import Listener
from tests.journeys.programs import Mock, UltraProcess, fetch, mock_process, provider_toml, ultra_process, until
from tests.journeys.test_workers import children, shared  # noqa: F401 - the fixture
from tests.twins.conftest import postgres  # noqa: F401 - the fixture
from tests.twins.limits.conftest import valkey_server  # noqa: F401 - the fixture

MODELS = {"acme": ["alpha", "beta", "gamma", "delta"], "openai": ["gpt-6-astra"]}


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """Run a mock."""
    with mock_process(models=MODELS) as running:
        yield running


@pytest.fixture(scope="module")
def ultra(mock: Mock, shared: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:  # noqa: F811 - the fixture
    """Serve with two workers and room for a crowd."""
    room = {
        "ULTRA_LIMIT_REQUESTS_PER_MINUTE": "0",
        "ULTRA_LIMIT_COST_PER_MINUTE": "0",
        "ULTRA_LIMIT_TOKENS_PER_MINUTE": "0",
    }
    with ultra_process(
        tmp_path_factory.mktemp("ultra"), mock, settings={**shared, **room, "ULTRA_LIMIT_ADDRESS_PER_MINUTE": "0"}
    ) as process:
        yield process


def rolled(ultra: UltraProcess, before: set[int]) -> bool:
    """Whether two workers serve, and neither is one of those before."""
    now = children(ultra.pid)
    return len(now) == 2 and not now & before


def test_workers_are_replaced_and_nothing_is_lost(ultra: UltraProcess, mock: Mock) -> None:
    """Not one of a crowd's requests fails; a stream that is open the whole time ends as it would have."""
    before = children(ultra.pid)
    mock.arm("stall-after-2-1s", model="beta", times=4)
    with crowd(ultra.url) as clients:
        streams = [
            Listener(f"{ultra.url}/v1/chat/completions", {"model": "acme/beta", "messages": QUESTION, "stream": True})
            for _ in range(4)
        ]
        streams[0].hears(b'"content"')
        ultra.signal(signal.SIGUSR2)
        until(lambda: rolled(ultra, before), patience=120, what="two other workers")
        clients.goes_on(50)
    assert clients.failures == []
    assert all(stream.to_the_end().heard.endswith(b"data: [DONE]\n\n") for stream in streams)
    assert "Traceback" not in ultra.log()


def test_both_workers_reload(ultra: UltraProcess, mock: Mock) -> None:
    """One signal to the parent reaches each of them, and nobody under load notices."""
    toml = '[aliases]\nfast = ["acme/gamma"]\n' + provider_toml(mock, "acme", MODELS["acme"])
    with crowd(ultra.url) as clients:
        (ultra.folder / "ultra.toml").write_text(toml)
        before = ultra.log().count("the configuration was reloaded")
        ultra.signal(signal.SIGHUP)
        until(
            lambda: ultra.log().count("the configuration was reloaded") == before + 2, patience=60, what="two reloads"
        )
        clients.goes_on(20)
    assert clients.failures == []
    body = {"model": "fast", "messages": QUESTION}
    answers = [fetch(f"{ultra.url}/v1/chat/completions", method="POST", body=body) for _ in range(12)]
    assert {(status, answer["model"]) for status, answer in answers} == {(200, "acme/gamma")}


def test_a_successor_that_cannot_start_changes_nothing(ultra: UltraProcess) -> None:
    """Those that serve go on, and the log says why nobody is replaced; mended, it goes well."""
    before = children(ultra.pid)
    file = ultra.folder / "ultra.toml"
    good = file.read_text()
    with crowd(ultra.url, clients=2) as clients:
        file.write_text("= bad")
        ultra.signal(signal.SIGUSR2)
        until(lambda: "nobody else is replaced" in ultra.log(), patience=60, what="a word about it")
        assert children(ultra.pid) == before
        file.write_text(good)
        ultra.signal(signal.SIGUSR2)
        until(lambda: rolled(ultra, before), patience=120, what="two other workers")
        clients.goes_on(10)
    assert clients.failures == []


def test_a_worker_that_cannot_come_back_takes_nobody_along(ultra: UltraProcess) -> None:
    """While one place stays empty the other worker serves; it is filled once that is possible."""
    before = children(ultra.pid)
    file = ultra.folder / "ultra.toml"
    good = file.read_text()
    file.write_text("= bad")
    os.kill(min(before), signal.SIGKILL)
    until(lambda: "cannot start and is tried again" in ultra.log(), patience=60, what="a start that failed")
    assert [fetch(f"{ultra.url}/health/ready")[0] for _ in range(5)] == [200] * 5
    file.write_text(good)
    until(lambda: len(children(ultra.pid) - before) == 1, patience=60, what="another worker")


def test_everything_ends_while_being_replaced(ultra: UltraProcess) -> None:
    """SIGTERM in the middle of it ends those before and those after, and is success."""
    until(lambda: len(children(ultra.pid)) == 2, patience=60, what="two workers")
    ultra.signal(signal.SIGUSR2)
    until(lambda: len(children(ultra.pid)) == 3, patience=60, what="a successor")
    workers = children(ultra.pid)
    ultra.signal(signal.SIGTERM)
    assert ultra.ended(patience=90) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", int(ultra.url.split(":")[2]))):
        raise AssertionError
