"""Answers to scrapes, and the counts that are kept for the siblings' answers."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.fakes.system import FakeSystem
from tests.unit.telemetry.conftest import ABOUT
from tests.unit.telemetry.observed import served
from ultra.telemetry.metrics import Metrics
from ultra.telemetry.scrapes import KEEP_EVERY_S, Scrapes

LINE = b'ultra_http_requests_total{method="GET",route="/v1/models",status="2xx"}'


def begun() -> Metrics:
    """Make metrics that have counted one request."""
    metrics = Metrics(lists=lambda _: True, about=ABOUT)
    metrics.notice(served())
    return metrics


async def test_one_worker_answers_for_itself() -> None:
    """Without siblings there is no file and no wait."""
    found = await Scrapes(begun(), folder=None, name="only").answer(accept="")
    assert LINE + b" 1.0" in found.body


async def test_siblings_answer_for_each_other(tmp_path: Path) -> None:
    """What one has counted is in the other's answer within a second, and its own at once."""
    system = FakeSystem(jumps=False)
    one, other = begun(), begun()
    here, there = Scrapes(one, folder=tmp_path, name="a"), Scrapes(other, folder=tmp_path, name="b")
    async with here.kept(system=system), there.kept(system=system):
        await _written(tmp_path / "a.json", tmp_path / "b.json")
        other.notice(served())
        before = _times(tmp_path / "b.json")
        system.advance(KEEP_EVERY_S)
        await _so(lambda: _times(tmp_path / "b.json") != before)
        one.notice(served())
        assert LINE + b" 4.0" in (await here.answer(accept="")).body


async def test_what_was_counted_last_is_kept_at_the_end(tmp_path: Path) -> None:
    """A worker that leaves in order loses nothing."""
    system = FakeSystem(jumps=False)
    metrics = begun()
    async with Scrapes(metrics, folder=tmp_path, name="a").kept(system=system):
        await _written(tmp_path / "a.json")
        metrics.notice(served())
    other = Scrapes(begun(), folder=tmp_path, name="b")
    async with other.kept(system=system):
        assert LINE + b" 3.0" in (await other.answer(accept="")).body


async def test_a_folder_that_is_gone_ends_nothing(tmp_path: Path, caplog) -> None:
    """Counts that cannot be kept are told of in the log; serving goes on."""
    system = FakeSystem(jumps=False)
    caplog.set_level("WARNING")
    folder = tmp_path / "shared"
    folder.mkdir()
    async with Scrapes(begun(), folder=folder, name="a").kept(system=system):
        await _written(folder / "a.json")
        folder.rename(tmp_path / "elsewhere")
    assert "cannot be kept" in caplog.text


async def _written(*paths: Path) -> None:
    await _so(lambda: all(path.exists() for path in paths))


def _times(path: Path) -> int:
    return path.stat().st_mtime_ns


async def _so(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - a file tells nobody that it was written
            await asyncio.sleep(0.01)
