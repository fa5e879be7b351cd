"""The audit, on both databases; what concerns no table, in memory too."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, update

from tests.fakes.audit import FakeAudit
from tests.twins.accounts import Accounts, enrol, entry, stored
from tests.twins.shelf import ShiftedSystem
from ultra.domain.access import AuditEntry
from ultra.domain.errors import InvalidRequest
from ultra.store import audit as audit_file
from ultra.store.account_tables import AUDIT, AUDIT_HEAD
from ultra.store.audit import StoredAudit
from ultra.store.chain import GENESIS, link
from ultra.store.database import Database, open_database


@pytest.fixture
def book(database: Database, system: ShiftedSystem) -> StoredAudit:
    """Open the audit."""
    return StoredAudit(database=database, system=system)


async def fill(book: StoredAudit, number: int) -> None:
    """Write entries `do.1`, `do.2` ..."""
    for each in range(1, number + 1):
        await book.write(entry(f"do.{each}"))


async def spoil(database: Database, *statements: Any) -> None:
    """Change the table as somebody with a database client would."""
    await database.write(lambda connection: [connection.execute(each) for each in statements])


async def test_an_entry_comes_back_as_it_went_in(accounts: Accounts) -> None:
    """With position, time and links, whatever is in it; the chain holds."""
    odd = AuditEntry(
        "credential_in_url",
        "refused",
        None,
        credential="key",
        target="/api/ä?x",
        facts={"list": (1, 2.5, None, True), "deep": {"z": "\x00\ud800", "a": {"10": 1, "9": 2}}, "ß": "\u2028"},
    )
    await accounts.audit.write(odd)
    await accounts.audit.write(entry("second"))
    second, first = await accounts.audit.page(limit=10, before=None, action=None, actor=None)
    assert (first.seq, second.seq, first.previous, second.previous) == (1, 2, GENESIS, first.hash)
    assert (first.entry.action, first.entry.actor, first.entry.target) == ("credential_in_url", None, "/api/ä?x")
    assert list(first.entry.facts["list"]) == [1, 2.5, None, True]
    assert first.entry.facts["deep"] == odd.facts["deep"]
    assert first.at <= second.at <= accounts.now
    assert first.hash == link(odd, seq=1, at=first.at, previous=GENESIS)
    assert await accounts.audit.verify() is None


async def test_texts_that_cannot_be_kept_do_not_break_the_chain(book: StoredAudit) -> None:
    """An attack is told of even when it consists of NUL and half characters."""
    await book.write(entry("odd", target="a\x00b\ud800", address="\x00", request_id="\udfff"))
    (row,) = await book.page(limit=1, before=None, action=None, actor=None)
    assert (row.entry.target, row.entry.address) == ("a\ufffdb\ufffd", "\ufffd")
    assert await book.verify() is None


async def test_pages_and_choices(accounts: Accounts) -> None:
    """Newest first, below a position, by action and by actor."""
    for action, actor in (("a", "ada"), ("b", "ada"), ("a", "bob"), ("a", None), ("a", "ada")):
        await accounts.audit.write(entry(action, actor=actor))

    async def seqs(**changes: Any) -> Sequence[int]:
        wanted = {"limit": 10, "before": None, "action": None, "actor": None}
        return [row.seq for row in await accounts.audit.page(**wanted | changes)]

    assert await seqs() == [5, 4, 3, 2, 1]
    assert await seqs(limit=2, before=4) == [3, 2]
    assert await seqs(action="a") == [5, 4, 3, 1]
    assert await seqs(action="a", actor="ada") == [5, 1]
    assert await seqs(actor="nobody") == []


async def test_a_page_holds_something(book: StoredAudit) -> None:
    """Sizes below 1 are refused."""
    with pytest.raises(InvalidRequest):
        await book.page(limit=-1, before=None, action=None, actor=None)


@pytest.mark.parametrize(
    ("column", "value"),
    [("actor", "user_other"), ("outcome", "failed"), ("facts", {"x": 1}), ("address", None), ("hash", "f" * 64)],
)
async def test_an_edited_row_is_found(book: StoredAudit, database: Database, column: str, value: Any) -> None:
    """Whatever was edited in it."""
    await fill(book, 5)
    assert await book.verify() is None
    await spoil(database, update(AUDIT).where(AUDIT.c.seq == 3).values({column: value}))
    assert await book.verify() == 3


async def test_an_edited_row_with_a_right_hash_is_found_behind_it(book: StoredAudit, database: Database) -> None:
    """Who hashes the row again breaks the next one; who edits the last one is found by the head."""
    await fill(book, 3)
    for seq, found in ((2, 3), (3, 3)):
        rows = {row.seq: row for row in await book.page(limit=3, before=None, action=None, actor=None)}
        forged = entry("forged")
        own = link(forged, seq=seq, at=rows[seq].at, previous=rows[seq].previous)
        row = update(AUDIT).where(AUDIT.c.seq == seq)
        await spoil(database, row.values(action="forged", hash=own))
        assert await book.verify() == found
        await spoil(database, row.values(action=f"do.{seq}", hash=rows[seq].hash))
        assert await book.verify() is None


async def test_a_removed_row_is_found(book: StoredAudit, database: Database) -> None:
    """The row behind the gap does not fit."""
    await fill(book, 5)
    await spoil(database, delete(AUDIT).where(AUDIT.c.seq == 3))
    assert await book.verify() == 4


async def test_a_removed_beginning_is_found(book: StoredAudit, database: Database) -> None:
    """The first row that is left does not fit."""
    await fill(book, 3)
    await spoil(database, delete(AUDIT).where(AUDIT.c.seq == 1))
    assert await book.verify() == 2


@pytest.mark.parametrize("kept", [0, 3])
async def test_a_cut_off_end_is_found(book: StoredAudit, database: Database, kept: int) -> None:
    """The first row that is missing is named, also once more was written after the cut."""
    await fill(book, 5)
    await spoil(database, delete(AUDIT).where(AUDIT.c.seq > kept))
    assert await book.verify() == kept + 1
    await book.write(entry("after"))
    assert await book.verify() == 6


async def test_moved_rows_are_found(book: StoredAudit, database: Database) -> None:
    """Two that changed places do not fit where they stand."""
    await fill(book, 5)
    await spoil(database, *(update(AUDIT).where(AUDIT.c.seq == a).values(seq=b) for a, b in ((3, 99), (4, 3), (99, 4))))
    assert await book.verify() == 3


async def test_a_row_beyond_the_end_is_found(book: StoredAudit, database: Database) -> None:
    """Nobody puts one there but a writer of entries."""
    await fill(book, 2)
    planted = {"seq": 3, "at": ShiftedSystem().now(), "action": "x", "outcome": "done", "facts": {}}
    await spoil(database, insert(AUDIT).values(planted | {"previous": "0" * 64, "hash": "0" * 64}))
    assert await book.verify() == 3


async def test_a_long_book_is_read_in_batches(
    book: StoredAudit, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch decides nothing but the memory that it takes."""
    monkeypatch.setattr(audit_file, "BATCH", 4)
    await fill(book, 13)
    assert await book.verify() is None
    await spoil(database, update(AUDIT).where(AUDIT.c.seq == 9).values(actor="x"))
    assert await book.verify() == 9


async def test_writers_from_two_workers_make_one_chain(
    database: Database, database_url: str, system: ShiftedSystem
) -> None:
    """No position twice, none left out, while others verify."""
    async with open_database(url=database_url, system=system) as second:
        books = [StoredAudit(database=each, system=system) for each in (database, second)]
        work = [books[number % 2].write(entry(f"do.{number}")) for number in range(40)]
        results = await asyncio.gather(*work, *(book.verify() for book in books * 5))
        assert set(results) == {None}
        rows = await books[0].page(limit=100, before=None, action=None, actor=None)
        assert [row.seq for row in rows] == list(range(40, 0, -1))
        assert await books[1].verify() is None


async def test_what_fails_is_not_told_as_done(database: Database, system: ShiftedSystem) -> None:
    """An entry that cannot be written takes the change back with it."""
    accounts = stored(database, system)
    await enrol(accounts)
    with pytest.raises(TypeError):
        await accounts.users.change("user_ada", entry(facts={"x": object()}), password_hash="other")
    user = await accounts.users.get("user_ada")
    assert user is not None
    assert (user.password_hash, user.version) == (None, 1)
    assert await accounts.audit.verify() is None


async def test_the_head_is_one_row(book: StoredAudit, database: Database) -> None:
    """It says how far the book reaches."""

    async def rows(table: Table) -> Sequence[Any]:
        return await database.read(lambda connection: connection.execute(select(table)).all())

    assert [(row.seq, row.hash) for row in await rows(AUDIT_HEAD)] == [(0, GENESIS)]
    await fill(book, 3)
    (head,) = await rows(AUDIT_HEAD)
    last = (await rows(AUDIT))[-1]
    assert (head.seq, head.hash) == (3, last.hash)


async def test_the_fake_finds_the_same(system: ShiftedSystem) -> None:
    """An edited, a removed and a cut-off row."""
    for at, found in ((1, 3), (3, 4)):
        book = FakeAudit(system=system)
        for _ in range(4):
            await book.write(entry())
        assert await book.verify() is None
        del book.rows[at]
        assert await book.verify() == found
