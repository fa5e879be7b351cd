"""Revisions, on both databases."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from tests.twins.shelf import ShiftedSystem
from ultra.domain.errors import Conflict, InvalidRequest
from ultra.store import migrating
from ultra.store.database import Database, open_database
from ultra.store.tables import METADATA


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def tables(database: Database) -> set[str]:
    """Name the tables that are there."""
    return await database.read(_tables)


async def test_the_newest_revision_is_what_the_tables_say(database: Database) -> None:
    """Comparing the declared tables with a migrated database finds no difference."""

    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, METADATA))

    assert await database.read(compare) == []


async def test_up_and_down_and_up_again(empty_url: str, system: ShiftedSystem) -> None:
    """Every revision can be taken back, leaves nothing behind, and can be applied again."""
    async with open_database(url=empty_url, system=system) as database:
        assert await migrating.current(database) is None
        assert await migrating.pending(database) == migrating.revisions()
        assert await migrating.upgrade(database) == migrating.revisions()
        assert await tables(database) == set(METADATA.tables)
        assert await migrating.upgrade(database) == ()
        for revision in [*reversed(migrating.revisions()[:-1]), None]:
            await migrating.downgrade(database, to=revision)
            assert await migrating.current(database) == revision
        assert await tables(database) == set()
        assert await migrating.upgrade(database) == migrating.revisions()
        await migrating.check(database)


async def test_several_that_start_at_once_migrate_once(empty_url: str, system: ShiftedSystem) -> None:
    """One applies the revisions; the others wait, find nothing to do, and go on."""
    async with open_database(url=empty_url, system=system) as one, open_database(url=empty_url, system=system) as other:
        applied = await asyncio.gather(*(migrating.upgrade(database) for database in (one, other, one, other)))
        assert sorted(applied) == [(), (), (), migrating.revisions()]


async def test_an_empty_database_does_not_pass_the_check(empty_url: str, system: ShiftedSystem) -> None:
    """It says what is to be done."""
    async with open_database(url=empty_url, system=system) as database:
        with pytest.raises(Conflict) as refused:
            await migrating.check(database)
    assert refused.value.code == "database_outdated"
    assert refused.value.hint == "ultra db upgrade"


async def test_a_database_from_the_future_is_refused(database: Database) -> None:
    """Tables that a newer program made are not touched."""
    tomorrow = text("UPDATE alembic_version SET version_num = 'r9999_from_tomorrow'")
    await database.write(lambda connection: connection.execute(tomorrow))
    for attempt in (migrating.check, migrating.upgrade):
        with pytest.raises(Conflict) as refused:
            await attempt(database)
        assert refused.value.code == "database_too_new"


async def test_there_is_no_way_down_to_an_unknown_revision(database: Database) -> None:
    """The error names those that exist."""
    with pytest.raises(InvalidRequest, match="r0000"):
        await migrating.downgrade(database, to="r0000_nothing")
    assert await migrating.pending(database) == ()


async def test_file_names_are_the_chain_of_revisions() -> None:
    """The order of names, which a start reads instead of importing alembic, is alembic's own order."""
    chain = ScriptDirectory("backend/ultra/store/migrations").walk_revisions()
    assert tuple(reversed([script.revision for script in chain])) == migrating.revisions()


@pytest.mark.parametrize(
    "harm", ["ALTER TABLE runs DROP COLUMN searchable", "DROP TABLE reservations", "ALTER TABLE runs ADD COLUMN x TEXT"]
)
async def test_a_half_applied_migration_is_found(database: Database, harm: str) -> None:
    """Tables that are not those of the revision they say they are at are not served, and not changed any further."""
    await database.rebuild(lambda connection: connection.execute(text(harm)))
    assert len(await migrating.defects(database)) == 1
    for attempt in (migrating.check, migrating.upgrade, migrating.pending):
        with pytest.raises(Conflict) as refused:
            await attempt(database)
        assert refused.value.code == "database_half_migrated"
        assert "restore" in (refused.value.hint or "")


async def test_tables_without_a_revision_are_found(database: Database) -> None:
    """A database that lost its word for where it is is not taken for an empty one."""
    await database.write(lambda connection: connection.execute(text("DROP TABLE alembic_version")))
    with pytest.raises(Conflict, match=r"an empty database: table \w+ is there too early"):
        await migrating.make_ready(database, upgrades=True)


async def test_the_tables_of_others_are_none_of_ours(empty_url: str, system: ShiftedSystem) -> None:
    """A database may be shared."""
    async with open_database(url=empty_url, system=system) as database:
        await database.write(lambda connection: connection.execute(text("CREATE TABLE theirs (id INTEGER)")))
        await migrating.upgrade(database)
        await migrating.check(database)


async def test_a_start_upgrades_only_where_it_may(empty_url: str, system: ShiftedSystem) -> None:
    """An empty database is set up in any case; one that holds something only where that is wanted."""
    async with open_database(url=empty_url, system=system) as database:
        await migrating.make_ready(database, upgrades=False)
        await migrating.check(database)
        await migrating.downgrade(database, to="0001")
        with pytest.raises(Conflict) as refused:
            await migrating.make_ready(database, upgrades=False)
        assert (refused.value.code, refused.value.hint) == ("database_outdated", "ultra db upgrade")
        await migrating.make_ready(database, upgrades=True)
        await migrating.make_ready(database, upgrades=False)


@pytest.mark.parametrize("name", ["0001", "r0001", "r0001_runs"])
async def test_a_revision_goes_by_its_number(name: str) -> None:
    """People say `0001`, the tables say `r0001_runs`."""
    assert migrating.resolve(name) == "r0001_runs"
