"""Backups, from and into both databases."""

import asyncio
import gzip
import json
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, insert, select, text

from tests.twins.accounts import Accounts, enrol, entry, key_of, open_family, open_session, stored
from tests.twins.conftest import lend
from tests.twins.shelf import ShiftedSystem, finish, keep, stored_shelf
from tests.twins.test_upgrading import write_as_before
from ultra.domain.access import KeptResponse
from ultra.domain.analysis import NewEvent
from ultra.domain.errors import Conflict, InvalidRequest
from ultra.domain.ports import LedgerEntry
from ultra.store import migrating
from ultra.store.backing_up import LEFT_OUT, Backup, back_up
from ultra.store.database import Database, open_database
from ultra.store.ledger import StoredLedger
from ultra.store.restoring import Restored, restore
from ultra.store.runs import StoredRuns
from ultra.store.stamp import claim_stamp, read_stamp
from ultra.store.tables import METADATA, STAMP


@pytest.fixture(params=["sqlite", "postgres"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a second database, without tables."""
    folder = tmp_path / "other"
    folder.mkdir()
    yield from lend(request, folder, migrated=False)


@pytest.fixture
async def other(other_url: str, system: ShiftedSystem) -> AsyncIterator[Database]:
    """Open a second database, without tables."""
    async with open_database(url=other_url, system=system) as opened:
        yield opened


def save(database: Database, target: Path, system: ShiftedSystem) -> Any:
    """Begin a backup."""
    return back_up(database, target=target, made_by="ultra of the tests", system=system)


def put(database: Database, source: Path, system: ShiftedSystem, **choice: Any) -> Any:
    """Begin a restore."""
    chosen = {"environment": "testing", "replace": False, "keep_keys": False} | choice
    return restore(database, source=source, system=system, **chosen)


async def fill(database: Database, system: ShiftedSystem) -> Accounts:
    """Put something into every table, with values of every type."""
    await claim_stamp(database, environment="testing")
    accounts = stored(database, system)
    user = await enrol(accounts, password_hash="a hash", disabled_at=None)
    await open_session(accounts)
    await open_family(accounts)
    for number in (1, 2):
        await accounts.keys.create(key_of(accounts, number), entry("key.create", facts={"Ä": ["\u2028", 1.5, None]}))
    await accounts.idempotency.begin(user.id, "k", "print", at=accounts.now)
    await accounts.idempotency.finish(user.id, "k", KeptResponse(201, {"a": "b"}, bytes(range(256))))
    shelf = stored_shelf(database, system)
    run = await keep(shelf, prompt="Why \U0001f308?\n")
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(60))
    await shelf.journal.append(run.id, [NewEvent("run.started", {"text": "\x00 \ud800"})], worker="w1")
    await finish(shelf, run.id)
    async with StoredLedger(database=database, system=system) as ledger:
        call = ("call_1", system.now(), "ada", "req", run.id, None, "mock", "mock/a", 1, Decimal("1E-12"), False)
        ledger.reserve(LedgerEntry(*call))
    return accounts


async def rows(database: Database) -> dict[str, list[Any]]:
    """Return everything of every table that a backup holds, in an order of its own."""

    def read(connection: Connection) -> dict[str, list[Any]]:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in METADATA.sorted_tables
            if table.name not in LEFT_OUT
        }

    return await database.read(read)


async def test_everything_comes_back_in_either_database(
    database: Database, other: Database, system: ShiftedSystem, tmp_path: Path
) -> None:
    """Every value of every row but ways in, whichever database made the file and whichever takes it."""
    accounts = await fill(database, system)
    made: Backup = await save(database, tmp_path / "a.backup", system)
    before = await rows(database)
    done: Restored = await put(other, tmp_path / "a.backup", system, keep_keys=True)
    after = await rows(other)
    assert made.rows == done.rows == {name: len(found) for name, found in before.items()}
    written = len(before["audit"])
    assert after.pop("audit")[:written] == before.pop("audit")
    assert after.pop("audit_head") != before.pop("audit_head")
    assert after == before
    assert (done.manifest.environment, done.applied, done.ended_keys) == ("testing", (), 0)
    restored = stored(other, system)
    assert await restored.audit.verify() is None
    (newest,) = await restored.audit.page(limit=1, before=None, action=None, actor=None)
    assert (newest.entry.action, newest.seq) == ("database.restore", written + 1)
    assert await restored.sessions.of("user_ada") == ()
    assert await restored.tokens.family_of("fam_1-0") is None
    assert (await accounts.sessions.of("user_ada")) != ()
    assert await migrating.defects(other) == ()


async def test_the_file_is_private_and_overwrites_nothing(
    database: Database, system: ShiftedSystem, tmp_path: Path
) -> None:
    """Mode 0600 from the first byte; an existing file stays as it is; nothing else is left in the folder."""
    await claim_stamp(database, environment="testing")
    folder = tmp_path / "backups"
    folder.mkdir()
    target = folder / "it's one.backup"
    await save(database, target, system)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    whole = target.read_bytes()
    with pytest.raises(Conflict, match="exists"):
        await save(database, target, system)
    with pytest.raises(InvalidRequest, match="cannot be written"):
        await save(database, folder / "nowhere" / "b.backup", system)
    assert target.read_bytes() == whole
    assert list(folder.iterdir()) == [target]


async def test_a_backup_shows_one_moment(database: Database, system: ShiftedSystem, tmp_path: Path) -> None:
    """What is written while it is made is in it wholly or not at all, and the writers do not wait."""
    is_over = False

    def pair(number: int) -> Any:
        def add(connection: Connection) -> None:
            for half in ("left", "right"):
                connection.execute(insert(STAMP).values(name=f"{half} {number}", value="x" * 1000))

        return add

    async def write() -> int:
        number = 0
        while not is_over:
            await database.write(pair(number))
            number += 1
        return number

    for number in range(-300, 0):
        await database.write(pair(number))
    writing = asyncio.create_task(write())
    counts = []
    for number in range(5):
        made: Backup = await save(database, tmp_path / f"{number}.backup", system)
        lines = gzip.decompress((tmp_path / f"{number}.backup").read_bytes()).splitlines()
        found = [json.loads(line)[0] for line in lines if line.startswith(b'["')]
        halves = [{name.split()[1] for name in found if name.startswith(half)} for half in ("left", "right")]
        assert halves[0] == halves[1]
        counts.append(made.rows["stamp"])
    is_over = True
    assert await writing > 0
    assert counts == sorted(counts)


async def test_a_database_that_holds_something_is_left_alone(
    database: Database, system: ShiftedSystem, tmp_path: Path
) -> None:
    """Unless it is given up on purpose; then it is as the backup says."""
    await fill(database, system)
    before = await rows(database)
    await save(database, tmp_path / "a.backup", system)
    with pytest.raises(Conflict) as refused:
        await put(database, tmp_path / "a.backup", system)
    assert refused.value.code == "database_not_empty"
    assert "--replace" in (refused.value.hint or "")
    assert await rows(database) == before
    await enrol(stored(database, system), "eve")
    await put(database, tmp_path / "a.backup", system, replace=True)
    assert [row[1] for row in (await rows(database))["users"]] == ["ada"]


async def test_what_was_taken_away_since_stays_away(database: Database, system: ShiftedSystem, tmp_path: Path) -> None:
    """Keys revoked, users disabled or deleted, passwords changed since the backup: a restore gives nothing back."""
    accounts = await fill(database, system)
    eve, bob = [await enrol(accounts, name, password_hash="a hash") for name in ("eve", "bob")]
    await save(database, tmp_path / "a.backup", system)
    ada = await accounts.users.get("user_ada")
    assert ada is not None
    await accounts.users.change(ada.id, entry("password"), password_hash="another")
    await accounts.users.change(eve.id, entry("user.disable"), disabled=True)
    await accounts.users.delete(bob.id, entry("user.delete"))
    await accounts.keys.revoke("key_1", entry("key.revoke"), owner="user_ada", at=accounts.now)
    await accounts.keys.create(key_of(accounts, 3), entry("key.create"))
    done: Restored = await put(database, tmp_path / "a.backup", system, replace=True)
    users = {name: await accounts.users.get(f"user_{name}") for name in ("ada", "eve", "bob")}
    assert [each and each.disabled_at is None for each in users.values()] == [True, False, False]
    assert users["ada"] is not None
    assert (users["ada"].password_hash, users["ada"].version > ada.version) == ("another", True)
    keys = {each.id: each.revoked_at is None for each in await accounts.keys.of("user_ada")}
    assert keys["key_2"]
    assert not keys.get("key_1", False)
    assert (done.ended_keys, await accounts.sessions.of("user_ada")) == (1, ())
    assert await accounts.audit.verify() is None


@pytest.mark.parametrize("is_strange", [False, True])
async def test_where_nobody_can_say_all_keys_end(
    database: Database, other: Database, system: ShiftedSystem, tmp_path: Path, is_strange: bool
) -> None:
    """Into an empty database, or over one with another history, no key comes back valid; users are as they were."""
    await fill(database, system)
    await save(database, tmp_path / "a.backup", system)
    if is_strange:
        await migrating.upgrade(other)
        await enrol(stored(other, system), "somebody")
    done: Restored = await put(other, tmp_path / "a.backup", system, replace=is_strange)
    assert done.ended_keys == 2
    ada = await stored(other, system).users.get("user_ada")
    assert ada is not None
    assert ada.disabled_at is None
    live = select(METADATA.tables["api_keys"].c.id).where(METADATA.tables["api_keys"].c.revoked_at.is_(None))
    assert await other.read(lambda connection: connection.scalars(live).all()) == []


def cut(data: bytes) -> bytes:
    """Leave the end away."""
    return data[: len(data) * 2 // 3]


def flip(data: bytes) -> bytes:
    """Change one letter of one value, as a careful forger of checksums would not."""
    return gzip.compress(gzip.decompress(data).replace(b'"user_ada"', b'"user_eda"', 1))


def shorten(data: bytes) -> bytes:
    """Leave out one row, in a file that is otherwise whole."""
    lines = gzip.decompress(data).splitlines(keepends=True)
    row = next(number for number, line in enumerate(lines) if line.startswith(b"["))
    return gzip.compress(b"".join(lines[:row] + lines[row + 1 :]))


def append(data: bytes) -> bytes:
    """Go on after the end."""
    return gzip.compress(gzip.decompress(data) + b'["more"]\n')


OTHERS = [lambda _: b"", lambda _: b"not gzip", lambda _: gzip.compress(b"[]\n")]
"""What is something else altogether."""


@pytest.mark.parametrize("harm", [cut, flip, shorten, append, *OTHERS])
async def test_a_damaged_file_changes_nothing(
    database: Database, system: ShiftedSystem, tmp_path: Path, harm: Any
) -> None:
    """Cut, altered, lengthened or something else altogether: it is refused, and the database is as it was."""
    await fill(database, system)
    before = await rows(database)
    source = tmp_path / "a.backup"
    await save(database, source, system)
    source.write_bytes(harm(source.read_bytes()))
    with pytest.raises(InvalidRequest) as refused:
        await put(database, source, system, replace=True)
    assert refused.value.code == "backup_damaged"
    assert await rows(database) == before


async def test_a_backup_of_elsewhere_is_refused(
    database: Database, other: Database, system: ShiftedSystem, tmp_path: Path
) -> None:
    """One of another environment, and one of a revision or a format that is not known yet."""
    await fill(database, system)
    source = tmp_path / "a.backup"
    await save(database, source, system)
    with pytest.raises(Conflict, match=r"'testing'.*'production'") as refused:
        await put(other, source, system, environment="production")
    assert refused.value.code == "wrong_environment"
    whole = gzip.decompress(source.read_bytes())
    newest = migrating.revisions()[-1].encode()
    for before, after in ((newest, b"r9999_tomorrow"), (b'"ultra_backup":1', b'"ultra_backup":2')):
        source.write_bytes(gzip.compress(whole.replace(before, after)))
        with pytest.raises((Conflict, InvalidRequest)) as too_new:
            await put(other, source, system)
        assert too_new.value.code == "backup_too_new"
    assert await migrating.current(other) is None


async def test_an_earlier_revision_is_restored_and_raised(
    empty_url: str, other: Database, system: ShiftedSystem, tmp_path: Path
) -> None:
    """A database that waits for its upgrade is backed up as it is; the restore applies what came since."""
    async with open_database(url=empty_url, system=system) as old:
        await migrating.upgrade(old)
        await migrating.downgrade(old, to="r0001_runs")
        await write_as_before(old)
        made: Backup = await save(old, tmp_path / "old.backup", system)
    assert (made.revision, made.rows) == ("r0001_runs", {"runs": 1, "run_events": 1, "ledger": 1, "stamp": 0})
    done: Restored = await put(other, tmp_path / "old.backup", system)
    assert done.applied == migrating.revisions()[1:]
    run = await StoredRuns(database=other, system=system).get("run_1", owner="local")
    assert run is not None
    assert await read_stamp(other) is None
    assert await migrating.pending(other) == ()


async def test_nothing_is_not_backed_up(empty_url: str, system: ShiftedSystem, tmp_path: Path) -> None:
    """An empty database is no backup to rely on."""
    async with open_database(url=empty_url, system=system) as database:
        with pytest.raises(Conflict, match="empty"):
            await save(database, tmp_path / "a.backup", system)
    assert not (tmp_path / "a.backup").exists()


async def test_a_half_migrated_database_can_be_replaced(
    database: Database, system: ShiftedSystem, tmp_path: Path
) -> None:
    """Whatever state the tables are in, a whole backup makes them whole; nobody else's table is touched."""
    await fill(database, system)
    await save(database, tmp_path / "a.backup", system)

    def spoil(connection: Connection) -> None:
        connection.execute(text("DROP TABLE api_keys"))
        connection.execute(text("ALTER TABLE runs ADD COLUMN surprise INTEGER"))
        connection.execute(text("CREATE TABLE somebody_elses (id INTEGER)"))

    await database.write(spoil)
    await put(database, tmp_path / "a.backup", system, replace=True)
    assert await migrating.defects(database) == ()
    there = await database.read(lambda connection: (found := MetaData(), found.reflect(connection))[0])
    assert "somebody_elses" in there.tables


async def test_time_passes_between(database: Database, other: Database, system: ShiftedSystem, tmp_path: Path) -> None:
    """A run that was under way when the backup was made is nobody's any more, and is found again."""
    await claim_stamp(database, environment="testing")
    shelf = stored_shelf(database, system)
    run = await keep(shelf)
    await shelf.runs.claim(run.id, worker="w1", until=shelf.later(60))
    await save(database, tmp_path / "a.backup", system)
    system.shift += timedelta(hours=1)
    await put(other, tmp_path / "a.backup", system)
    found = await StoredRuns(database=other, system=system).claim(None, worker="w2", until=shelf.later(60))
    assert found is not None
    assert found.id == run.id
