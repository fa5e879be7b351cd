"""Work that does not get done is told of."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.fakes.system import FakeSystem
from ultra.checks.conditions.check import Diagnosis
from ultra.checks.conditions.runs import RunsCondition
from ultra.domain.ports import Load
from ultra.store.backlog import Backlog

CALM = Backlog(queued=0, running=0, oldest_queued_at=None, abandoned=0)


async def look(*loads: Load, backlog: Backlog = CALM, system: FakeSystem | None = None) -> Diagnosis:
    """Look once at executors and a store like these."""

    async def known() -> Backlog:
        return backlog

    return await RunsCondition(loads=lambda: loads, backlog=known, system=system or FakeSystem()).look()


async def test_what_there_is_to_do_is_counted() -> None:
    """Here, over both executors, and everywhere, from the store."""
    system = FakeSystem(jumps=False)
    waiting = Backlog(queued=4, running=7, oldest_queued_at=system.now() - timedelta(seconds=3), abandoned=0)
    found = await look(Load(running=2, waiting=1), Load(running=1, lost=5), backlog=waiting, system=system)
    assert found == Diagnosis(
        "pass",
        None,
        {
            "here": {"running": 3, "queued": 1, "overdue_leases": 0, "lost_leases": 5},
            "everywhere": {"running": 7, "queued": 4, "oldest_queued_s": 3.0, "abandoned": 0},
        },
    )


def _since(seconds: float) -> datetime:
    return FakeSystem().now() - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("load", "backlog", "reason"),
    [
        ({}, {"queued": 2, "oldest_queued_at": _since(61)}, "The oldest of 2 runs has waited for 61 s."),
        ({"overdue": 3}, {}, "3 leases cannot be renewed: another worker may take these runs."),
        ({}, {"abandoned": 1}, "Nobody works on 1 runs that had begun."),
    ],
)
async def test_what_keeps_runs_is_named(load: dict[str, Any], backlog: dict[str, Any], reason: str) -> None:
    """A long wait, leases that cannot be renewed, and runs that nobody has taken up."""
    counts: dict[str, Any] = {"queued": 0, "running": 0, "oldest_queued_at": None, "abandoned": 0}
    found = await look(Load(**load), backlog=Backlog(**counts | backlog))
    assert (found.health, found.reason) == ("warn", reason)


async def test_an_executor_that_broke_down_is_a_failure() -> None:
    """It takes no runs any more, and nothing else says so."""
    found = await look(Load(), Load(is_working=False))
    assert (found.health, found.reason) == ("fail", "The executor has stopped: this worker takes no runs. Restart it.")
    assert set(found.facts) == {"here"}
