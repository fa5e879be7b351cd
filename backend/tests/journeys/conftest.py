"""One mock and one Ultra for all journeys over HTTP, and a client of it."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.journeys.programs import Mock, UltraProcess, mock_process, ultra_process


@pytest.fixture(scope="session")
def running_mock() -> Iterator[Mock]:
    """Start a mock as fast as possible, with a fixed seed."""
    with mock_process() as mock:
        yield mock


@pytest.fixture(scope="session")
def ultra(running_mock: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Start Ultra beside it."""
    with ultra_process(tmp_path_factory.mktemp("ultra"), running_mock) as process:
        yield process


@pytest.fixture
def mock(running_mock: Mock) -> Mock:
    """Return the mock as if nobody had asked it before."""
    running_mock.reset()
    return running_mock


@pytest.fixture
async def http(ultra: UltraProcess, anyio_backend: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client of this Ultra."""
    async with aiohttp.ClientSession(
        ultra.url, headers={"authorization": f"Bearer {ultra.key}"}, timeout=aiohttp.ClientTimeout(total=60)
    ) as session:
        yield session
