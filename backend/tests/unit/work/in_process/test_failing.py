"""Conducts that fail, forget or lose their lease, and a store that is away."""

import logging

import pytest

from tests.unit.work.in_process.stage import Stage
from ultra.domain.analysis import Run
from ultra.domain.errors import Overloaded, Unavailable


async def test_an_unexpected_error_ends_the_run_as_failed(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """With the kind `internal`, and the traceback in the log but not in the run."""

    async def broken(_run: Run, _worker: str) -> None:
        raise ZeroDivisionError("secret detail")

    async with stage.executor(broken) as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        assert stage.outcome() == ("failed", "internal")
        assert stage.events() == ["run.failed"]
        assert "secret detail" not in str(stage.runs.rows["run_0"])
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


async def test_a_conduct_that_forgets_to_end_its_run_is_a_mistake(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The run fails as internal instead of being begun again and again."""

    async def forgetful(_run: Run, _worker: str) -> None:
        return

    async with stage.executor(forgetful) as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        assert stage.outcome() == ("failed", "internal")
    assert "without ending it" in caplog.text


async def test_a_conduct_that_lost_its_lease_and_returns_is_none(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is written about somebody else's run, and nothing is complained of."""

    async def silent(run: Run, _worker: str) -> None:
        stage.runs.rows[run.id].worker = "thief"

    async with stage.executor(silent) as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        assert stage.outcome() == ("running", None)
    assert not caplog.records


@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_run_whose_store_was_away_is_resumed(stage: Stage, wrapped: bool) -> None:
    """It does not fail: when its lease has run out it is conducted again."""
    attempts = 0

    async def unlucky(run: Run, worker: str) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            away = Unavailable("The store cannot be reached.", code="store_unreachable")
            if wrapped:
                raise RuntimeError("The journal could not be written.") from away
            raise away
        await stage.end(run.id, worker)

    async with stage.executor(unlucky) as executor:
        await executor.submit(stage.run())
        await stage.system.settled()
        assert stage.outcome() == ("running", None)
        await stage.system.tick(35)
        assert (stage.outcome(), attempts) == (("complete", None), 2)


async def test_trouble_with_claims_delays_and_loses_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the store is busy a queued run stays queued; afterwards it is conducted."""

    async def busy(*_: object, **__: object) -> Run | None:
        raise Overloaded("The store is busy.", code="store_busy")

    async with stage.executor() as executor:
        await stage.system.settled()
        monkeypatch.setattr(stage.runs, "claim", busy)
        await executor.submit(stage.run())
        await stage.system.tick(3)
        assert stage.begun == []
        monkeypatch.undo()
        await stage.system.tick(1.5)
        assert stage.begun == ["run_0"]
        stage.may_end.set()
    assert "The store is busy." in caplog.text
