"""A stage set anew for every test."""

import pytest

from tests.unit.work.in_process.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """Set the stage."""
    return Stage()
