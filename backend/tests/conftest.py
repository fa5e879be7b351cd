"""What every test may use."""

import logging
import sys
from collections.abc import Generator, Iterator
from typing import Any

import pytest
import structlog


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio only: Ultra is built on it."""
    return "asyncio"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Leave the process's logging as it was: a command that ran in here has set it up for itself alone."""
    loggers = [logging.getLogger(name) for name in (None, "uvicorn", "alembic")]
    levels = [each.level for each in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    root = loggers[0]
    root.handlers = [each for each in root.handlers if type(each) is not logging.StreamHandler]
    structlog.reset_defaults()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Show beside a failure what the programs under test have logged."""
    report = yield
    programs = sys.modules.get("tests.journeys.programs")  # only there when a test runs programs
    if report.failed and programs is not None:
        report.sections += [(f"log of {name}", text) for name, text in programs.logs()]
    return report
