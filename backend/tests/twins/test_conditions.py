"""What a database says of itself, and what its conditions make of that, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.fakes.system import FakeSystem
from tests.twins.shelf import ShiftedSystem
from ultra.checks.conditions.check import ConditionCheck
from ultra.checks.conditions.clock import ClockCondition
from ultra.checks.conditions.database import DatabaseCondition
from ultra.checks.conditions.migrations import MigrationsCondition
from ultra.domain.errors import Conflict, Overloaded, UltraError, Unavailable
from ultra.store import migrating
from ultra.store.database import Database, open_database
from ultra.store.pulse import feel_pulse
from ultra.store.transactions import PATIENCE_S, Result, Work


async def test_a_database_says_what_it_is(database: Database, system: ShiftedSystem) -> None:
    """Kind and version; a server's clock as well."""
    pulse = await feel_pulse(database)
    assert pulse.kind == ("sqlite" if database.is_sqlite else "postgresql")
    assert pulse.version[0].isdigit()
    assert (pulse.at is None) is database.is_sqlite
    if pulse.at is not None:
        assert abs(system.now() - pulse.at) < timedelta(minutes=1)


async def test_a_database_that_answers_is_well(database: Database, system: ShiftedSystem) -> None:
    """With kind, version and how long it took."""
    found = await DatabaseCondition(database=database, system=system, slow_s=60.0).look()
    assert found.health == "pass"
    assert set(found.facts) == {"kind", "version", "latency_ms"}


async def test_a_database_that_answers_slowly_is_told_of(database: Database) -> None:
    """It serves, so it only warns."""

    class Late(FakeSystem):
        def monotonic(self) -> float:
            self.advance(2.0)
            return super().monotonic()

    found = await DatabaseCondition(database=database, system=Late()).look()
    assert (found.health, found.reason) == ("warn", "It took 2.0 s to answer.")


class Troubled:
    """Says of every transaction what its trouble is; stands before a real database."""

    def __init__(self, database: Database, trouble: UltraError) -> None:
        self.is_sqlite = database.is_sqlite
        self.path = database.path
        self._trouble = trouble

    async def read(self, work: Work[Result], *, patience_s: float = PATIENCE_S) -> Result:
        """Refuse."""
        del work, patience_s
        raise self._trouble


async def test_a_busy_database_warns(database: Database, system: ShiftedSystem) -> None:
    """Others are being served: that it cannot take one more now must not end serving."""
    busy: Database = Troubled(database, Overloaded("The store is busy."))  # type: ignore[assignment]  # reads only
    found = await DatabaseCondition(database=busy, system=system).look()
    assert (found.health, found.reason) == ("warn", "The store is busy.")


async def test_a_database_that_is_gone_is_a_failure(database_url: str, system: ShiftedSystem) -> None:
    """The file was removed or the server has ended: the look raises what the store says."""
    async with open_database(url=database_url, system=system) as database:
        gone: Database = Troubled(database, Unavailable("Gone."))  # type: ignore[assignment]  # reads only
        checks: list[ConditionCheck] = [
            DatabaseCondition(database=gone, system=system),
            MigrationsCondition(database=gone),
            ClockCondition(database=gone, system=system),
        ]
        for check in checks:
            with pytest.raises(Unavailable):
                await check.look()


async def test_tables_of_this_program_are_current(database: Database) -> None:
    """The newest revision, and nothing pending."""
    found = await MigrationsCondition(database=database).look()
    newest = migrating.revisions()[-1]
    assert (found.health, found.facts) == ("pass", {"state": "current", "revision": newest, "pending": []})


async def test_tables_that_are_missing_are_a_failure(database: Database) -> None:
    """What is pending is named, with the command that applies it."""
    await migrating.downgrade(database, to=migrating.revisions()[0])
    found = await MigrationsCondition(database=database).look()
    assert found.health == "fail"
    assert found.reason is not None
    assert found.reason.endswith("ultra db upgrade.")
    assert found.facts["pending"] == list(migrating.revisions()[1:])


async def test_a_newer_program_that_has_been_here_is_a_warning(database: Database) -> None:
    """So it is in every rolling upgrade: this one serves until it is replaced."""
    await _write_revision(database, "r9999_later")
    found = await MigrationsCondition(database=database).look()
    assert (found.health, found.facts["state"], found.facts["revision"]) == ("warn", "newer", "r9999_later")
    assert found.reason is not None
    assert "Replace this program" in found.reason


async def test_tables_that_are_those_of_no_revision_are_a_failure(database: Database) -> None:
    """Whatever the store finds wrong with them is the reason; it says which revision the database says it is at."""

    class Half(Troubled):
        """Says where it is, and that it is not."""

        async def read(self, work: Work[Result], *, patience_s: float = PATIENCE_S) -> Result:
            """Let the first question pass."""
            if not asked:
                asked.append("revision")
                return await database.read(work, patience_s=patience_s)
            return await super().read(work, patience_s=patience_s)

    asked: list[str] = []
    wrong = Conflict("The tables are not those of r0001_runs.", code="database_half_migrated", hint="Restore a backup.")
    half: Database = Half(database, wrong)  # type: ignore[assignment]  # reads only
    found = await MigrationsCondition(database=half).look()
    assert found.health == "fail"
    assert found.reason == "The tables are not those of r0001_runs. Restore a backup."
    assert (found.facts["state"], found.facts["revision"]) == ("half_applied", migrating.revisions()[-1])


async def _write_revision(database: Database, name: str) -> None:
    statement = text("UPDATE alembic_version SET version_num = :name").bindparams(name=name)
    await database.write(lambda connection: connection.execute(statement))


@pytest.mark.parametrize(("ahead_s", "health"), [(0.0, "pass"), (30.0, "fail"), (-30.0, "fail"), (8.0, "warn")])
async def test_clocks_that_differ_are_told_of(
    database: Database, system: ShiftedSystem, ahead_s: float, health: str
) -> None:
    """A machine ahead of or behind its server, beyond the time that the question took; a file has no clock."""
    system.shift += timedelta(seconds=ahead_s)
    found = await ClockCondition(database=database, system=system, warn_s=4.0, fail_s=20.0).look()
    if database.is_sqlite:
        assert (found.health, found.facts) == ("pass", {"skew_s": 0.0})
        return
    assert found.health == health
    if health != "pass":
        assert found.reason is not None
        assert ("ahead of" if ahead_s > 0 else "behind") in found.reason
