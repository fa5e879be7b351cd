"""Opening, reading and writing, on both databases."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from tests.twins.shelf import ShiftedSystem
from ultra.store.database import Database, open_database
from ultra.store.tables import STAMP


async def names(database: Database) -> list[Any]:
    """Return what is in the smallest table."""
    async with database.reading() as connection:
        return list(await connection.scalars(select(STAMP.c.name).order_by(STAMP.c.name)))


async def test_an_error_inside_takes_everything_back(database: Database) -> None:
    """What was written before it is not there, and the next transaction works."""

    async def fail() -> None:
        async with database.writing() as connection:
            await connection.execute(insert(STAMP).values(name="a", value="1"))
            raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await fail()
    assert await names(database) == []
    async with database.writing() as connection:
        await connection.execute(insert(STAMP).values(name="b", value="1"))
    assert await names(database) == ["b"]


async def test_cancellation_takes_everything_back(database: Database) -> None:
    """A cancelled task leaves neither rows nor a lock behind."""
    inside = asyncio.Event()

    async def write() -> None:
        async with database.writing() as connection:
            await connection.execute(insert(STAMP).values(name="a", value="1"))
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10), database.writing() as connection:
        await connection.execute(insert(STAMP).values(name="b", value="1"))
    assert await names(database) == ["b"]


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    """While a transaction writes, others read what was there before."""
    async with database.writing() as connection:
        await connection.execute(insert(STAMP).values(name="a", value="1"))
        async with asyncio.timeout(10):
            assert await names(database) == []
    assert await names(database) == ["a"]


async def test_a_broken_rule_is_told_as_such(database: Database) -> None:
    """It is not mistaken for a database that is down."""
    async with database.writing() as connection:
        await connection.execute(insert(STAMP).values(name="a", value="1"))
    with pytest.raises(IntegrityError):
        async with database.writing() as connection:
            await connection.execute(insert(STAMP).values(name="a", value="2"))


async def test_many_writers_from_two_openings_all_get_their_turn(
    database: Database, database_url: str, system: ShiftedSystem
) -> None:
    """A hundred read-then-write transactions over two pools: none is refused, none is lost."""
    async with open_database(url=database_url, system=system) as other:

        async def add(database: Database, name: str) -> None:
            async with database.writing() as connection:
                await connection.execute(delete(STAMP).where(STAMP.c.name == "latest"))
                await connection.scalar(select(STAMP.c.name))
                await connection.execute(insert(STAMP).values(name=name, value="1"))

        await asyncio.gather(*(add((database, other)[number % 2], f"{number:03d}") for number in range(100)))
    assert await names(database) == [f"{number:03d}" for number in range(100)]
