"""`/metrics` of two workers: whichever answers, it tells the sums, and they never go back."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from tests.journeys.programs import UltraProcess, fetch, mock_process, ultra_process, until
from tests.journeys.scraping import Scrape, scrape, scraped
from tests.journeys.test_workers import children, is_well
from tests.twins.conftest import postgres  # noqa: F401 - the fixture
from tests.twins.limits.conftest import valkey_server  # noqa: F401 - the fixture
from tests.twins.servers import Postgres
from tests.twins.valkeys import Valkey, free_port
from ultra.telemetry.scrapes import KEEP_EVERY_S

ASKED = "ultra_http_requests_total"
READY = {"route": "/health/ready", "status": "2xx"}


@pytest.fixture(scope="module")
def port() -> int:
    """Return a port for Prometheus."""
    return free_port()


@pytest.fixture(scope="module")
def ultra(
    postgres: Postgres,  # noqa: F811 - the fixture
    valkey_server: Valkey,  # noqa: F811 - the fixture
    port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[UltraProcess]:
    """Serve with two workers and a port of its own for metrics."""
    for url in postgres.lend(template="template0"):
        settings = {
            "DATABASE_URL": url,
            "REDIS_URL": valkey_server.url,
            "ULTRA_WORKERS": "2",
            "ULTRA_METRICS_PORT": str(port),
        }
        with (
            mock_process() as mock,
            ultra_process(tmp_path_factory.mktemp("ultra"), mock, settings=settings) as process,
        ):
            yield process


def asked(ultra: UltraProcess, times: int) -> None:
    """Ask something that is counted, on a new connection each time."""
    for _ in range(times):
        assert fetch(f"{ultra.url}/health/ready")[0] == 200


def counted(found: Scrape) -> float:
    """Return how often that was."""
    return found.value(ASKED, **READY)


def test_every_scrape_tells_the_sums_of_both(ultra: UltraProcess, port: int) -> None:
    """Whichever worker was asked, and whichever answers, on either port; both are alive."""
    before = until(lambda: _settled(ultra), patience=60, what="counts that stand still")
    asked(ultra, 40)
    until(lambda: counted(scraped(ultra)) == before + 40, patience=60, what="all forty in the sums")
    assert {counted(scraped(ultra)) for _ in range(10)} == {before + 40}
    assert {counted(scrape(f"http://127.0.0.1:{port}")) for _ in range(10)} == {before + 40}
    assert scraped(ultra).value("ultra_workers") == 2


def test_sums_never_go_back_while_both_count(ultra: UltraProcess) -> None:
    """Scrapes in between, by whichever worker, only ever grow."""
    seen = []
    for _ in range(30):
        asked(ultra, 3)
        seen.append(counted(scraped(ultra)))
    assert seen == sorted(seen)


def test_what_a_killed_worker_counted_stays_counted(ultra: UltraProcess) -> None:
    """Counters keep it, what was measured of it is gone, and its successor counts on."""
    asked(ultra, 20)
    settled = until(lambda: _settled(ultra), patience=60, what="counts that stand still")
    victim = min(children(ultra.pid))
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(children(ultra.pid) - {victim}) == 2, patience=60, what="another second worker")
    until(lambda: is_well(ultra), patience=60, what="ten answers in a row")
    until(lambda: scraped(ultra).value("ultra_workers") == 2, patience=60, what="two live workers")
    assert counted(scraped(ultra)) >= settled
    before = counted(scraped(ultra))
    asked(ultra, 10)
    until(lambda: counted(scraped(ultra)) >= before + 10, patience=60, what="ten more in the sums")


def _settled(ultra: UltraProcess) -> float:
    """Return the count once it stands still for longer than a worker waits until it writes its own down."""
    first = counted(scraped(ultra))
    time.sleep(KEEP_EVERY_S + 1.5)
    return first if counted(scraped(ultra)) == first else 0.0


def test_nothing_is_left_of_them(ultra: UltraProcess) -> None:
    """The folder that they shared goes with the server."""
    data = ultra.folder / "var"
    assert len(list(data.glob("workers-*"))) == 1
    ultra.signal(signal.SIGTERM)
    assert ultra.ended(patience=60) == 0
    assert not list(data.glob("workers-*"))
