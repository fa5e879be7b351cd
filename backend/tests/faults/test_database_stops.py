"""The database ends under what is under way: streams go on, runs are resumed, and no call is forgotten."""

import signal
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.listening import Listener
from tests.journeys.programs import Mock, UltraProcess, fetch, mock_process, ultra_process, until
from tests.twins.servers import Postgres, running_postgres

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL that may be stopped."""
    with running_postgres("stops") as server:
        yield server


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """Run a mock of every vendor."""
    with mock_process() as running:
        yield running


@pytest.fixture(scope="module")
def ultra(postgres: Postgres, mock: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Serve on it, with short leases."""
    settings = {"DATABASE_URL": postgres.url(postgres.template), "ULTRA_RUN_LEASE_S": "4"}
    with ultra_process(tmp_path_factory.mktemp("ultra"), mock, settings=settings) as process:
        yield process


def is_ready(ultra: UltraProcess) -> bool:
    """Whether it says that it can serve."""
    return fetch(f"{ultra.url}/health/ready")[0] == 200


def test_a_stream_goes_on_and_its_call_is_written_down_later(
    ultra: UltraProcess, mock: Mock, postgres: Postgres
) -> None:
    """It ends as it would have; its row waits in memory and is there once the database is."""
    mock.reset()
    mock.arm("stall-after-2-10s", model="alpha", times=1)
    body = {"model": "acme/alpha", "messages": [{"role": "user", "content": "Why is the sky blue?"}], "stream": True}
    client = Listener(f"{ultra.url}/v1/chat/completions", body)
    client.hears(b'"content"')
    with postgres.stopped():
        until(lambda: not is_ready(ultra), patience=PATIENCE_S, what="not ready")
        assert client.ended is None
        assert client.to_the_end().ended == "whole"
        assert client.heard.rstrip().endswith(b"data: [DONE]")
    until(lambda: is_ready(ultra), patience=PATIENCE_S, what="ready again")
    told = f"{ultra.url}/api/requests/{client.headers['x-request-id']}"
    until(lambda: fetch(told)[0] == 200, patience=PATIENCE_S, what="the call in the list of calls")
    assert [each["outcome"] for each in fetch(told)[1]["attempts"]] == ["ok"]


def test_a_run_is_resumed_and_asks_nobody_again_who_has_answered(
    ultra: UltraProcess, mock: Mock, postgres: Postgres
) -> None:
    """What cannot be written into the journal stops the run; once its lease is over it goes on from there."""
    mock.reset()
    mock.arm("stall-after-2-6s", model="beta", times=1)
    body = {"prompt": "Why?", "flow": "compare", "models": ["acme/alpha", "acme/beta", "acme/gamma"], "deadline_s": 120}
    begun = Listener(f"{ultra.url}/api/analyze", body, prefer="respond-async").to_the_end()
    assert begun.status == 202, begun.heard
    place = str(begun.json["location"])
    until(lambda: len(ultra.get(place)["answers"]) == 2, patience=PATIENCE_S, what="two answers")
    with postgres.stopped():
        until(lambda: "because its record cannot be kept" in ultra.log(), patience=PATIENCE_S, what="a run that stops")
    until(lambda: is_ready(ultra), patience=PATIENCE_S, what="ready again")
    until(lambda: ultra.get(place)["status"] == "complete", patience=PATIENCE_S, what="the run complete")
    asked = Counter(each["model"] for each in mock.requests())
    assert asked == {"alpha": 1, "gamma": 1, "beta": 2}


def test_without_the_database_it_leaves_in_order(ultra: UltraProcess, postgres: Postgres) -> None:
    """Being told to stop works all the same."""
    with postgres.stopped():
        ultra.signal(signal.SIGTERM)
        assert ultra.ended(patience=PATIENCE_S) == 0
