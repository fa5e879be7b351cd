"""Runs that leave no trace are few."""

from dataclasses import replace

import pytest

from tests.fakes.audit import FakeAudit
from tests.fakes.system import FakeSystem
from ultra.domain.analysis import NewEvent, Question, Run, RunOptions
from ultra.domain.errors import Overloaded
from ultra.store.memory import RunsInMemory


def run(number: int, system: FakeSystem) -> Run:
    """Describe a run."""
    return Run(
        id=f"run_{number}",
        owner="ada",
        question=Question(prompt="?"),
        options=RunOptions(store=False),
        panel=(),
        status="queued",
        created_at=system.now(),
    )


async def test_the_longest_finished_gives_way() -> None:
    """A full store forgets finished runs in the order in which they ended, and never one at work."""
    system = FakeSystem()
    runs = RunsInMemory(audit=FakeAudit(system=system), system=system, capacity=3)
    for number in range(3):
        await runs.create(run(number, system))
    for number in (2, 1):
        claimed = await runs.claim(f"run_{number}", worker="w", until=system.now())
        assert claimed == replace(claimed, status="running") if claimed else False
        system.advance(1)
        await runs.finish(
            f"run_{number}",
            worker="w",
            status="failed",
            verdict=None,
            cost_usd=None,
            error_kind="internal",
            error="",
            event=NewEvent("run.failed", {}),
        )
    await runs.create(run(3, system))
    await runs.create(run(4, system))
    assert [number for number in range(5) if f"run_{number}" in runs] == [0, 3, 4]
    with pytest.raises(Overloaded):
        await runs.create(run(5, system))
