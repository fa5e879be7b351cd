"""One mock and one Ultra for the journeys of a module, and a client of it."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.journeys.programs import Mock, UltraProcess, mock_process, ultra_process


@pytest.fixture(scope="module")
def mock_of_module() -> Iterator[Mock]:
    """Start a mock as fast as possible, with a fixed seed."""
    with mock_process() as mock:
        yield mock


@pytest.fixture(scope="module")
def ultra(mock_of_module: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Start Ultra beside it."""
    with ultra_process(tmp_path_factory.mktemp("ultra"), mock_of_module) as process:
        yield process


@pytest.fixture
def mock(mock_of_module: Mock) -> Mock:
    """Return the mock of this module as if nobody had asked it before."""
    mock_of_module.reset()
    return mock_of_module


@pytest.fixture
async def http(ultra: UltraProcess, anyio_backend: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client of this module's Ultra."""
    async with aiohttp.ClientSession(ultra.url, timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield session
