"""A PostgreSQL that is held by others, or does not answer: nobody waits for ever, and nobody gets an old answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.twins.servers import Postgres, running_postgres
from ultra.domain.errors import Overloaded, Unavailable
from ultra.store.database import Database, open_database
from ultra.store.postgresql import PATIENCE_S, POOL_TIMEOUT_S, SPARE_S, PostgreSQL
from ultra.store.pulse import feel_pulse
from ultra.system import System

SOON_S = 3.0
"""What a busy machine may need on top."""


@pytest.fixture(scope="module")
def own() -> Iterator[Postgres]:
    """Run a PostgreSQL that may be frozen."""
    with running_postgres("hangs") as server:
        yield server


@pytest.fixture
async def database(own: Postgres) -> AsyncIterator[Database]:
    """Open a database there, with two connections."""
    for url in own.lend(template=own.template):
        async with open_database(url=url, system=System(), pool_size=2) as opened:
            yield opened


@contextmanager
def locked(own: Postgres, database: Database) -> Iterator[None]:
    """Have somebody else keep the table of users to themselves."""
    import psycopg

    assert isinstance(database, PostgreSQL)
    url = database._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        yield


def count(connection: Connection) -> int:
    """Count users."""
    return int(connection.scalar(text("SELECT count(*) FROM users")) or 0)


def saying(word: str) -> Any:
    """Return work that has the database say a word."""
    return lambda connection: connection.scalar(text("SELECT CAST(:word AS text)"), {"word": word})


async def seconds(refused: Any, kind: type[Unavailable]) -> float:
    """Return how long it took until it was refused so."""
    began = time.monotonic()
    with pytest.raises(kind) as error:
        await refused
    assert error.value.retry_after is not None
    return time.monotonic() - began


async def test_a_locked_table_is_busy_in_time(own: Postgres, database: Database) -> None:
    """Reading and writing say so within seconds; other tables are as they were, and this one is once it is free."""
    with locked(own, database):
        took = await asyncio.gather(*(seconds(each(count), Overloaded) for each in (database.read, database.write)))
        assert max(took) < PATIENCE_S + SOON_S, took
        assert await database.read(saying("here"), patience_s=PATIENCE_S) == "here"
    assert await database.read(count) == 0


async def test_a_statement_that_takes_too_long_is_ended(database: Database) -> None:
    """The server ends it, and the connection goes on."""
    slow = database.read(lambda connection: connection.execute(text("SELECT pg_sleep(60)")))
    assert await seconds(slow, Overloaded) < PATIENCE_S + SOON_S
    assert await database.read(saying("here")) == "here"


async def test_who_has_more_patience_gets_more_time(own: Postgres, database: Database) -> None:
    """Patience is the server's too, and what takes as long as it takes has no end; the next one has the usual end."""
    limits = "SELECT current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')"

    def look(connection: Connection) -> str:
        return str(connection.scalar(text(limits)))

    assert await database.read(look) == "5s 4s"
    assert await database.write(look, patience_s=30) == "30s 24s"
    assert await database.snapshot(look) == "0 0"
    assert await database.rebuild(look) == "0 0"
    assert await database.maintain(look) == "0 0"
    with pytest.raises(ZeroDivisionError):
        await database.maintain(lambda _: 1 / 0)
    assert [await database.read(look) for _ in range(4)] == ["5s 4s"] * 4


async def test_a_server_whose_users_are_locked_is_not_well(own: Postgres, database: Database) -> None:
    """It answers, but nobody can be recognised: feeling its pulse does not find it well."""
    assert (await feel_pulse(database)).kind == "postgresql"
    with locked(own, database):
        assert await seconds(feel_pulse(database), Overloaded) < PATIENCE_S + SOON_S


async def test_nobody_waits_long_for_a_connection(own: Postgres, database: Database) -> None:
    """Where all connections wait for a lock the rest hears sooner that the store is busy."""
    with locked(own, database):
        took = await asyncio.gather(*(seconds(database.read(count), Overloaded) for _ in range(6)))
    assert sorted(took)[3] < POOL_TIMEOUT_S + SOON_S, took
    assert await database.read(count) == 0


async def test_a_server_that_hangs_is_given_up_and_its_connections_with_it(own: Postgres, database: Database) -> None:
    """Everybody hears in time that it does not answer, also on a connection that was good; afterwards answers fit."""
    await asyncio.gather(*(database.read(saying(each)) for each in "ab"))
    with own.frozen():
        took = await asyncio.gather(*(seconds(database.read(saying("old")), Unavailable) for _ in range(4)))
        assert max(took) < PATIENCE_S + SPARE_S + SOON_S, took
        took = await asyncio.gather(*(seconds(database.read(saying("old")), Unavailable) for _ in range(4)))
        assert max(took) < PATIENCE_S + SPARE_S + SOON_S, took
    words = [f"word {number}" for number in range(40)]
    assert await asyncio.gather(*(database.read(saying(each)) for each in words)) == words


async def test_a_server_that_freezes_halfway_is_given_up(own: Postgres, database: Database) -> None:
    """A transaction under way ends in time as well, and its connection is not used again."""
    under_way = asyncio.create_task(
        seconds(database.read(lambda c: c.execute(text("SELECT pg_sleep(3)"))), Unavailable)
    )
    await asyncio.sleep(0.5)
    with own.frozen():
        assert await under_way < PATIENCE_S + SPARE_S + SOON_S
    words = [f"word {number}" for number in range(20)]
    assert await asyncio.gather(*(database.read(saying(each)) for each in words)) == words


async def test_who_leaves_a_server_that_hangs_is_gone_at_once(own: Postgres, database: Database) -> None:
    """Being cancelled takes no answer of the server."""
    await database.read(saying("a"))
    with own.frozen():
        leaver = asyncio.create_task(database.read(saying("old")))
        await asyncio.sleep(0.2)
        began = time.monotonic()
        leaver.cancel()
        await asyncio.wait({leaver})
        assert time.monotonic() - began < SOON_S
        assert leaver.cancelled()
    assert await database.read(saying("new")) == "new"


async def test_random_leavers_never_shift_an_answer(database: Database) -> None:
    """However many leave halfway, whoever stays reads what was meant for them."""
    dice = System().dice()

    async def ask(number: int) -> None:
        word = f"word {number}"
        reading = asyncio.create_task(database.read(saying(word)))
        if number % 3 == 0:
            await asyncio.sleep(dice.uniform(0, 0.01))
            reading.cancel()
            await asyncio.wait({reading})
        else:
            assert await reading == word

    for start in range(0, 300, 10):
        await asyncio.gather(*(ask(number) for number in range(start, start + 10)))
