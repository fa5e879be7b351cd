"""Opening, reading and writing, on both databases."""

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.exc import IntegrityError

from tests.twins.shelf import ShiftedSystem
from ultra.store.database import Database, open_database
from ultra.store.tables import STAMP
from ultra.store.transactions import Work


def adding(name: str) -> Work[None]:
    """Add a row to the smallest table."""

    def add(connection: Connection) -> None:
        connection.execute(insert(STAMP).values(name=name, value="1"))

    return add


async def names(database: Database) -> Sequence[str]:
    """Return what is in the smallest table."""
    wanted = select(STAMP.c.name).order_by(STAMP.c.name)
    return await database.read(lambda connection: connection.scalars(wanted).all())


async def test_an_error_inside_takes_everything_back(database: Database) -> None:
    """What was written before it is not there, and the next transaction works."""

    def fail(connection: Connection) -> None:
        adding("a")(connection)
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await database.write(fail)
    assert await names(database) == []
    await database.write(adding("b"))
    assert await names(database) == ["b"]


async def test_a_cancelled_caller_leaves_all_or_nothing(database: Database) -> None:
    """Neither half a transaction nor a lock stays behind."""

    def add_two(connection: Connection) -> None:
        adding("a")(connection)
        adding("b")(connection)

    for _ in range(5):
        task = asyncio.create_task(database.write(add_two))
        await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(10):
            await database.write(adding("c"))
            assert await names(database) in (["c"], ["a", "b", "c"])
            await database.write(lambda connection: connection.execute(delete(STAMP)))


async def test_readers_do_not_wait_for_a_writer_of_another_opening(
    database: Database, database_url: str, system: ShiftedSystem
) -> None:
    """While one transaction writes, others read what was there before."""
    written, may_end = threading.Event(), threading.Event()

    def linger(connection: Connection) -> None:
        adding("a")(connection)
        written.set()
        assert may_end.wait(30)

    def write_slowly() -> None:
        async def write() -> None:
            async with open_database(url=database_url, system=system) as other:
                await other.write(linger)

        asyncio.run(write())

    writing = asyncio.create_task(asyncio.to_thread(write_slowly))
    try:
        async with asyncio.timeout(20):
            await asyncio.to_thread(written.wait, 20)
            assert await names(database) == []
    finally:
        may_end.set()
        await writing
    assert await names(database) == ["a"]


async def test_a_broken_rule_is_told_as_such(database: Database) -> None:
    """It is not mistaken for a database that is down."""
    await database.write(adding("a"))
    with pytest.raises(IntegrityError):
        await database.write(adding("a"))


async def test_many_writers_from_two_openings_all_get_their_turn(
    database: Database, database_url: str, system: ShiftedSystem
) -> None:
    """A hundred read-then-write transactions over two openings: none is refused, none is lost."""

    def look_and_add(name: str) -> Work[None]:
        def work(connection: Connection) -> None:
            connection.scalar(select(STAMP.c.name))
            adding(name)(connection)

        return work

    async with open_database(url=database_url, system=system) as other:
        writes = ((database, other)[number % 2].write(look_and_add(f"{number:03d}")) for number in range(100))
        await asyncio.gather(*writes)
    assert await names(database) == [f"{number:03d}" for number in range(100)]


async def test_closing_lets_transactions_end(database_url: str, system: ShiftedSystem) -> None:
    """Work that is under way when the database is closed is finished before."""

    def slowly(connection: Connection) -> str:
        if connection.dialect.name == "sqlite":
            time.sleep(0.1)
        else:
            connection.execute(text("SELECT pg_sleep(0.1)"))
        return "finished"

    async with open_database(url=database_url, system=system) as database:
        under_way = asyncio.create_task(database.write(slowly))
        await asyncio.sleep(0.03)
    assert under_way.done()
    assert under_way.result() == "finished"
