"""What accounts do when their database refuses, is held by somebody else or goes away."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import Connection, insert, make_url, text
from sqlalchemy.exc import IntegrityError

from tests.twins.accounts import enrol, entry, key_of, open_session, stored
from tests.twins.servers import Postgres
from tests.twins.shelf import ShiftedSystem
from ultra.domain.access import SignInLink
from ultra.domain.errors import InvalidRequest, Overloaded, Unavailable
from ultra.store.audit import write_entry
from ultra.store.database import Database, open_database
from ultra.store.sqlite_file import SQLiteFile
from ultra.store.tables import STAMP


@pytest.mark.parametrize("odd", ["a\x00b", "\x00", "half \ud800"])
async def test_text_that_cannot_be_kept_is_refused_before_the_database_sees_it(
    database: Database, system: ShiftedSystem, odd: str
) -> None:
    """Whichever database it is, in writing and in asking; nothing of the change stays."""
    accounts = stored(database, system)
    await enrol(accounts)
    before = await accounts.actions()
    for attempt in (
        enrol(accounts, odd),
        accounts.users.by_name(odd),
        accounts.users.get(odd),
        accounts.users.change("user_ada", entry(), password_hash=odd),
        accounts.sessions.get(odd),
        accounts.keys.by_public_id(odd),
        accounts.keys.create(key_of(accounts, name=odd), entry()),
        accounts.tokens.family_of(odd),
        accounts.links.redeem(odd, at=accounts.now),
        accounts.links.create(SignInLink(odd, "user_ada", "reset", accounts.now, accounts.now), entry()),
        accounts.audit.page(limit=1, before=None, action=odd, actor=None),
        accounts.idempotency.begin(odd, "k", "print", at=accounts.now),
    ):
        with pytest.raises(InvalidRequest) as refused:
            await attempt
        assert refused.value.code == "unkeepable_text"
    assert await accounts.actions() == before
    assert await accounts.users.count() == 1


async def test_strange_but_keepable_text_is_only_text(database: Database, system: ShiftedSystem) -> None:
    """What looks like SQL finds nobody and does nothing."""
    accounts = stored(database, system)
    await enrol(accounts)
    for text_ in ("' OR '1'='1", "'; SELECT pg_sleep(5)--", '") UNION SELECT 1--', "%", "_", "%00", "ada'--"):
        assert await accounts.keys.by_public_id(text_) is None
        assert await accounts.sessions.get(text_) is None
        assert await accounts.users.by_name(text_) is None


async def test_errors_do_not_show_what_was_to_be_kept(database: Database) -> None:
    """A broken rule names the rule, not the values."""
    await database.write(lambda connection: connection.execute(insert(STAMP).values(name="a", value="1")))
    with pytest.raises(IntegrityError) as broken:
        await database.write(lambda connection: connection.execute(insert(STAMP).values(name="a", value="canary-7")))
    assert "canary-7" not in str(broken.value)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_file_that_another_program_writes_is_busy_and_readable(
    database: Database, system: ShiftedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is signed in still is; a change is refused for the moment, and works as soon as the other is done."""
    assert database.path is not None
    monkeypatch.setattr(SQLiteFile.write, "__kwdefaults__", {"patience_s": 0.05})
    async with open_database(url=f"sqlite:///{database.path}", system=system) as impatient:
        accounts = stored(impatient, system)
        await enrol(accounts)
        session = await open_session(accounts)
        with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Overloaded) as busy:
                await accounts.sessions.revoke(None, entry("sign_out"), owner="user_ada")
            assert (busy.value.code, busy.value.retry_after) == ("store_busy", 1.0)
            assert await accounts.sessions.get(session.id_hash) is not None
            other.execute("ROLLBACK")
        assert await accounts.sessions.revoke(None, entry("sign_out"), owner="user_ada") == 1
        assert await impatient.read(lambda connection: connection.scalar(text("PRAGMA integrity_check"))) == "ok"


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_connection_that_dies_halfway_leaves_nothing(database: Database, system: ShiftedSystem) -> None:
    """The caller hears `Unavailable`, what was written before is not there, and the next attempt works by itself."""
    accounts = stored(database, system)

    def die(connection: Connection) -> None:
        write_entry(connection, entry("never"), system=system)
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    for _ in range(3):
        with pytest.raises(Unavailable) as away:
            await database.write(die)
        assert away.value.code == "store_unreachable"
    await accounts.audit.write(entry("after"))
    assert await accounts.actions() == ["after"]
    assert await accounts.audit.verify() is None


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_connections_killed_at_any_moment_lose_nothing(
    database: Database, database_url: str, request: pytest.FixtureRequest, system: ShiftedSystem
) -> None:
    """What was acknowledged is there with its row in the audit, and the chain holds."""
    accounts = stored(database, system)
    await enrol(accounts)
    stop = asyncio.Event()

    async def sign_in(number: int) -> int:
        try:
            await open_session(accounts, number, most=1000)
        except Unavailable:
            return 0
        return 1

    async def kill() -> None:
        victims = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        postgres: Postgres = request.getfixturevalue("postgres")
        while not stop.is_set():
            with postgres.connect() as connection:
                await asyncio.to_thread(connection.execute, victims, [make_url(database_url).database])
            await asyncio.sleep(0.05)

    killer = asyncio.create_task(kill())
    done = 0
    for start in range(0, 100, 10):
        done += sum(await asyncio.gather(*(sign_in(number) for number in range(start, start + 10))))
    stop.set()
    await killer
    assert await sign_in(1000) == 1
    kept = len(await accounts.sessions.of("user_ada"))
    assert kept >= done + 1
    assert (await accounts.actions()).count("sign_in") == kept
    assert await accounts.audit.verify() is None
