"""One mock for everything that is deployed before it."""

from collections.abc import Iterator

import pytest

from tests.journeys.programs import Mock, mock_process


@pytest.fixture(scope="module")
def running_mock() -> Iterator[Mock]:
    """Start a mock as fast as possible, with a fixed seed."""
    with mock_process() as mock:
        yield mock
