"""kill -9 at every statement of every migration, and of backups and restores, on both databases."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Connection, text

from tests.faults.killed_at import Killer, killer
from tests.twins.conftest import empty_url, postgres, sqlite_template  # noqa: F401 - the fixtures
from tests.twins.test_upgrading import write_as_before
from ultra.store import migrating
from ultra.store.archive import Archive
from ultra.store.backing_up import back_up
from ultra.store.database import Database, open_database
from ultra.store.stamp import claim_stamp
from ultra.system import System

Prepare: TypeAlias = Callable[[Database], Any]
ALL = migrating.revisions()


@pytest.fixture(scope="module")
def kills() -> Iterator[Killer]:
    """Run the program that is killed."""
    with killer() as running:
        yield running


def within(url: str, work: Prepare) -> Any:
    """Do something with a database, as a process that starts after the kill would."""

    async def whole() -> Any:
        async with open_database(url=url, system=System()) as database:
            return await work(database)

    return asyncio.run(whole())


def killed_again_and_again(
    kills: Killer, name: str, url: str, file: Path | None = None, *, look: Prepare, step: int = 1
) -> list[Any]:
    """Kill at one statement after the other until it is done; return what was found after each, without repetition."""
    found = []
    for number in itertools.count(1, step):
        was_killed = kills.at(number, name, url, file)
        found.append(within(url, look))
        if not was_killed:
            assert number > 15, "hardly anything was done"
            return [key for key, _ in itertools.groupby(found)]
    raise AssertionError


async def nothing(_: Database) -> None:
    """Leave it empty."""


async def first_revision(database: Database) -> None:
    """Put data into the tables of the first revision."""
    await migrating.upgrade(database)
    await migrating.downgrade(database, to=ALL[0])
    await write_as_before(database)


async def stamped(database: Database) -> None:
    """Make all tables, and claim them."""
    await migrating.upgrade(database)
    await claim_stamp(database, environment="testing")


def counted(connection: Connection) -> int:
    """Count the runs."""
    return connection.scalar(text("SELECT count(*) FROM runs")) or 0


@pytest.mark.parametrize(("before", "missing"), [(nothing, ALL), (first_revision, ALL[1:])])
def test_an_upgrade_is_done_or_not_begun(kills: Killer, empty_url: str, before: Prepare, missing: object) -> None:  # noqa: F811 - the fixture
    """Wherever it is killed, the next start finds a whole revision and goes on from there; no row is lost."""
    within(empty_url, before)
    assert killed_again_and_again(kills, "upgrade", empty_url, look=migrating.pending) == [missing, ()]
    within(empty_url, migrating.check)
    assert within(empty_url, lambda database: database.read(counted)) == (0 if before is nothing else 1)


def test_a_downgrade_is_done_or_not_begun(kills: Killer, empty_url: str) -> None:  # noqa: F811 - the fixture
    """Wherever it is killed, all tables are there or none is."""
    within(empty_url, migrating.upgrade)
    assert killed_again_and_again(kills, "downgrade", empty_url, look=migrating.pending) == [(), ALL]


def test_a_restore_is_done_or_not_begun(kills: Killer, empty_url: str, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """Wherever it is killed, what is served next is all of the backup, or all of what was there before."""
    source = tmp_path / "a.backup"

    async def begin(database: Database) -> None:
        await first_revision(database)
        await back_up(database, target=source, made_by="tests", system=System())

    async def look(database: Database) -> tuple[object, int]:
        return await migrating.pending(database), await database.read(counted)

    within(f"sqlite:///{tmp_path}/first.db", begin)
    within(empty_url, stamped)
    found = killed_again_and_again(kills, "restore", empty_url, source, look=look, step=5)
    assert found == [((), 0), ((), 1)]


def test_a_backup_is_whole_or_not_there(kills: Killer, empty_url: str, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """Wherever it is killed, a file that has the name that was asked for is all of the backup."""
    within(empty_url, stamped)
    target = tmp_path / "a.backup"
    for number in itertools.count(1):
        was_killed = kills.at(number, "backup", empty_url, target)
        if target.exists():
            break
        assert was_killed
    assert number > 15
    assert Archive(target).verify()["stamp"] == 1
