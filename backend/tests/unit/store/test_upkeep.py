"""What an operator does with a SQLite file."""

from pathlib import Path

from ultra.store import migrating, upkeep
from ultra.store.database import open_database
from ultra.store.stamp import claim_stamp
from ultra.store.tables import METADATA
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
