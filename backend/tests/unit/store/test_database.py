"""Addresses, files and errors."""

import asyncio
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from ultra.domain.errors import InvalidRequest, Overloaded, Unavailable
from ultra.store import sqlite_file
from ultra.store.database import STORE_BUSY, STORE_UNREACHABLE, Database, open_database
from ultra.store.transactions import PATIENCE_S, Work
from ultra.system import System


async def opening(url: str) -> None:
    """Open and close."""
    async with open_database(url=url, system=System()):
        pass


def modes(folder: Path) -> dict[str, int]:
    """Return who may do what with each file."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def scripted(*statements: str) -> Work[None]:
    """Execute one after the other."""

    def execute(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    return execute


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true"]
)
async def test_other_addresses_are_refused(url: str) -> None:
    """Only a SQLite file or PostgreSQL will do; the hint shows how to write them."""
    with pytest.raises(InvalidRequest) as refused:
        await opening(url)
    assert refused.value.param == "DATABASE_URL"
    assert "sqlite:///" in str(refused.value.hint)


async def test_the_file_is_private_even_under_a_loose_umask(tmp_path: Path) -> None:
    """It and its companions can be read by nobody else."""
    before = os.umask(0)
    try:
        async with open_database(url=f"sqlite:///{tmp_path}/a.db", system=System()) as database:
            await database.write(lambda connection: connection.execute(text("CREATE TABLE t (x)")))
            seen = modes(tmp_path)
    finally:
        os.umask(before)
    assert seen == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}


async def test_sqlite_is_set_up_for_many_readers_and_one_writer(tmp_path: Path) -> None:
    """Write-ahead log, foreign keys, no sync at every commit."""
    wanted = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1}

    def look(connection: Connection) -> dict[str, object]:
        return {name: connection.scalar(text(f"PRAGMA {name}")) for name in wanted}

    async with open_database(url=f"sqlite:///{tmp_path}/a.db", system=System()) as database:
        for method in (database.read, database.write, database.maintain):
            assert await method(look) == wanted


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The hint says which file could not be opened."""
    with pytest.raises(Unavailable) as refused:
        await opening(f"sqlite:///{tmp_path}/nowhere/a.db")
    assert refused.value.code == STORE_UNREACHABLE
    assert f"{tmp_path}/nowhere/a.db" in str(refused.value.hint)


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file of something else is not overwritten."""
    path = tmp_path / "a.db"
    path.write_text("Dear diary, " * 100)
    with pytest.raises(Unavailable):
        await opening(f"sqlite:///{path}")
    assert path.read_text().startswith("Dear diary")


async def test_a_server_that_is_away_is_unavailable_and_its_password_unseen() -> None:
    """The error is ours, and nothing of it shows the address."""
    with pytest.raises(Unavailable) as refused:
        await opening("postgresql://ada:hunter2@127.0.0.1:1/ultra")
    assert refused.value.code == STORE_UNREACHABLE
    assert "hunter2" not in f"{refused.value} {refused.value.hint} {refused.value.__cause__}"


@contextmanager
def held(path: Path, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Have another process write, or keep the file to itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute(begin)
        yield
        holder.execute("ROLLBACK")


async def test_a_held_lock_is_overload(tmp_path: Path) -> None:
    """When another process writes for longer than anybody should, the caller may come again."""
    path = tmp_path / "a.db"
    async with open_database(url=f"sqlite:///{path}", system=System()) as database:
        with held(path), pytest.raises(Overloaded) as refused:
            await database.write(lambda connection: connection.execute(text("SELECT 1")), patience_s=0.02)
        assert (refused.value.retryable, refused.value.code, refused.value.retry_after) == (True, STORE_BUSY, 1.0)
        await database.write(lambda connection: connection.execute(text("SELECT 1")))


async def test_writers_who_queue_wait_no_longer_than_the_first(tmp_path: Path) -> None:
    """Twenty who may wait half a second each have their answer in about that, also behind one who may wait longer."""
    path = tmp_path / "a.db"

    async def refused(database: Database) -> float:
        began = time.monotonic()
        with pytest.raises(Overloaded):
            await database.write(lambda connection: connection.execute(text("SELECT 1")), patience_s=0.5)
        return time.monotonic() - began

    async with open_database(url=f"sqlite:///{path}", system=System()) as database:
        await database.write(scripted("CREATE TABLE t (x)"))
        with held(path):
            patient = asyncio.create_task(database.write(scripted("INSERT INTO t VALUES (1)"), patience_s=60))
            await asyncio.sleep(0)
            took = await asyncio.gather(*(refused(database) for _ in range(20)))
            assert max(took) < 4, took
            assert not patient.done()
        await patient
        assert await database.read(lambda connection: connection.scalar(text("SELECT count(*) FROM t"))) == 1


async def test_what_was_given_up_in_the_queue_is_never_done(tmp_path: Path) -> None:
    """Who hears that the store is busy, or leaves, may be sure that nothing comes of it."""
    path = tmp_path / "a.db"
    async with open_database(url=f"sqlite:///{path}", system=System()) as database:
        await database.write(scripted("CREATE TABLE t (x)"))
        with held(path):
            first = asyncio.create_task(database.write(scripted("INSERT INTO t VALUES (1)"), patience_s=60))
            await asyncio.sleep(0)
            with pytest.raises(Overloaded):
                await database.write(scripted("INSERT INTO t VALUES (2)"), patience_s=0.05)
            leaver = asyncio.create_task(database.write(scripted("INSERT INTO t VALUES (3)")))
            await asyncio.sleep(0.01)
            leaver.cancel()
            await asyncio.wait({leaver})
        await first
        found = await database.read(lambda connection: connection.scalars(text("SELECT x FROM t")).all())
        assert list(found) == [1]


async def test_readers_do_not_wait_for_ever_either(tmp_path: Path) -> None:
    """A process that keeps the whole file to itself makes reading as busy as writing."""
    path = tmp_path / "a.db"
    async with open_database(url=f"sqlite:///{path}", system=System()) as database:
        await database.write(scripted("CREATE TABLE t (x)"))
        await database.maintain(lambda connection: connection.scalar(text("PRAGMA journal_mode = DELETE")))
        with held(path, "BEGIN EXCLUSIVE"), pytest.raises(Overloaded):
            await database.read(lambda connection: connection.scalar(text("SELECT x FROM t")), patience_s=0.05)


@pytest.mark.parametrize("statement", ["SELECT * FROM missing", "SELEKT 1"])
async def test_a_wrong_statement_is_our_own_mistake(tmp_path: Path, statement: str) -> None:
    """It is not reported as a database that is down."""
    async with open_database(url=f"sqlite:///{tmp_path}/a.db", system=System()) as database:
        with pytest.raises(OperationalError):
            await database.read(lambda connection: connection.execute(text(statement)))


async def test_a_table_is_rebuilt_without_losing_what_points_to_it(tmp_path: Path) -> None:
    """Dropping and remaking a parent keeps its children; leaving them orphaned is refused and taken back."""
    async with open_database(url=f"sqlite:///{tmp_path}/a.db", system=System()) as database:

        async def children() -> object:
            return await database.read(lambda connection: connection.scalar(text("SELECT count(*) FROM c")))

        await database.write(
            scripted(
                "CREATE TABLE p (id INTEGER PRIMARY KEY)",
                "CREATE TABLE c (p REFERENCES p(id) ON DELETE CASCADE)",
                "INSERT INTO p VALUES (1)",
                "INSERT INTO c VALUES (1)",
            )
        )
        await database.rebuild(
            scripted(
                "CREATE TABLE fresh (id INTEGER PRIMARY KEY, more TEXT)",
                "INSERT INTO fresh (id) SELECT id FROM p",
                "DROP TABLE p",
                "ALTER TABLE fresh RENAME TO p",
            )
        )
        assert await children() == 1
        with pytest.raises(RuntimeError, match="'c'"):
            await database.rebuild(scripted("DELETE FROM p"))
        assert await children() == 1
        await database.write(scripted("DELETE FROM p"))
        assert await children() == 0


async def test_a_glance_sees_what_others_wrote_and_waits_for_nobody(tmp_path: Path) -> None:
    """While another process writes it shows what was there, once that is committed what is; it changes nothing."""
    path = tmp_path / "it's a.db"
    look = "SELECT version FROM users WHERE id = ?"
    async with open_database(url=f"sqlite:///{path}", system=System()) as database:
        assert database.glance(look, "ada") is None
        await database.write(scripted("CREATE TABLE users (id, version)", "INSERT INTO users VALUES ('ada', 1)"))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE users SET version = 2")
        assert (database.glance(look, "ada"), database.glance(look, "bob")) == ((1,), ())
        other.execute("COMMIT")
        assert database.glance(look, "ada") == (2,)
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert database.glance("UPDATE users SET version = 3 WHERE id = ?", "ada") is None
        assert database.glance(look, "ada") == (2,)
        other.close()


async def test_a_glance_does_not_wait_for_who_keeps_the_file_to_itself(tmp_path: Path) -> None:
    """It says at once that it cannot tell."""
    path = tmp_path / "a.db"
    async with open_database(url=f"sqlite:///{path}", system=System()) as database:
        await database.write(scripted("CREATE TABLE users (id, version)", "INSERT INTO users VALUES ('ada', 1)"))
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    opened = sqlite_file.SQLiteFile(path)
    began = time.monotonic()
    assert opened.glance("SELECT version FROM users WHERE id = ?", "ada") is None
    assert time.monotonic() - began < PATIENCE_S / 2
    holder.close()
    assert opened.glance("SELECT version FROM users WHERE id = ?", "ada") == (1,)
    await opened.close()
