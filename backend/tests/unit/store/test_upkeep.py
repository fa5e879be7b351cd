"""What an operator does with a SQLite file."""

import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from ultra.domain.errors import Conflict, InvalidRequest
from ultra.store import migrating, upkeep
from ultra.store.database import open_database
from ultra.store.stamp import claim_stamp
from ultra.store.tables import METADATA, STAMP
from ultra.system import System


async def test_status_of_an_empty_file(tmp_path: Path) -> None:
    """Looking changes nothing: everything is pending, nothing is counted."""
    async with open_database(url=f"sqlite:///{tmp_path}/a.db", system=System()) as database:
        seen = await upkeep.status(database)
        assert (seen.kind, seen.path, seen.environment) == ("sqlite", tmp_path / "a.db", None)
        assert (seen.revision, seen.pending, seen.counts) == (None, migrating.revisions(), {})
        assert await migrating.current(database) is None


async def test_status_after_an_upgrade(tmp_path: Path) -> None:
    """Revision, environment, size and rows by table."""
    async with open_database(url=f"sqlite:///{tmp_path}/a.db", system=System()) as database:
        assert await upkeep.upgrade(database) == migrating.revisions()
        await claim_stamp(database, environment="development")
        seen = await upkeep.status(database)
        assert (seen.revision, seen.pending, seen.environment) == (migrating.revisions()[-1], (), "development")
        assert seen.counts == dict.fromkeys(METADATA.tables, 0) | {"stamp": 1, "audit_head": 1}
        assert seen.size_bytes > 0
        await upkeep.downgrade(database, to=None)
        assert (await upkeep.status(database)).pending == migrating.revisions()


async def test_a_backup_is_whole_and_private_while_the_database_is_in_use(tmp_path: Path) -> None:
    """The copy opens by itself with every committed row, and nobody else may read it."""
    target = tmp_path / "it's a copy.db"
    before = os.umask(0)
    try:
        async with open_database(url=f"sqlite:///{tmp_path}/a.db", system=System()) as database:
            await upkeep.upgrade(database)
            await claim_stamp(database, environment="development")
            size = await upkeep.backup(database, target=target)
            later = insert(STAMP).values(name="later", value="1")
            await database.write(lambda connection: connection.execute(later))
    finally:
        os.umask(before)
    assert size == target.stat().st_size > 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    async with open_database(url=f"sqlite:///{target}", system=System()) as copy:
        assert await copy.read(lambda connection: connection.scalar(text("PRAGMA integrity_check"))) == "ok"
        rows = await copy.read(lambda connection: connection.execute(text("SELECT name, value FROM stamp")).all())
        assert rows == [("environment", "development")]


async def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    """An existing file is a conflict and stays; a folder that is not there is bad input."""
    target = tmp_path / "precious.db"
    target.write_text("mine")
    async with open_database(url=f"sqlite:///{tmp_path}/a.db", system=System()) as database:
        with pytest.raises(Conflict):
            await upkeep.backup(database, target=target)
        with pytest.raises(InvalidRequest):
            await upkeep.backup(database, target=tmp_path / "nowhere" / "b.db")
    assert target.read_text() == "mine"
