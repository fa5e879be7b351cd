"""What every test may use."""

import sys
from collections.abc import Generator
from typing import Any

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio only: Ultra is built on it."""
    return "asyncio"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Show beside a failure what the programs under test have logged."""
    report = yield
    programs = sys.modules.get("tests.journeys.programs")  # only there when a test runs programs
    if report.failed and programs is not None:
        report.sections += [(f"log of {name}", text) for name, text in programs.logs()]
    return report
