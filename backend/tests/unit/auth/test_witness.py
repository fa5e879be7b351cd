"""Refusals are written without anybody waiting for it."""

import asyncio

import pytest

from tests.fakes.audit import FakeAudit
from tests.fakes.system import FakeSystem
from ultra.auth.witness import Witness
from ultra.domain.access import AuditEntry
from ultra.domain.errors import Overloaded, Unavailable


def entry(number: int) -> AuditEntry:
    """Return a refusal with a number."""
    return AuditEntry(action="denied", outcome="refused", actor=None, facts={"number": number})


class Stuck(FakeAudit):
    """Does not write before it may, and fails on what it is told to fail on."""

    def __init__(self, *, fails: tuple[int, ...] = ()) -> None:
        super().__init__(system=FakeSystem())
        self.may_write = asyncio.Event()
        self.fails = fails

    async def write(self, entry: AuditEntry) -> None:
        await self.may_write.wait()
        if entry.facts["number"] in self.fails:
            raise OSError("disk full")
        await super().write(entry)


async def written(audit: FakeAudit) -> list[int]:
    """Return the numbers in the book, oldest first."""
    rows = await audit.page(limit=100, before=None, action=None, actor=None)
    return [row.entry.facts["number"] for row in reversed(rows)]


async def test_entries_are_taken_at_once_and_written_in_order() -> None:
    """Nobody waits for a slow book, and nothing is lost on leaving."""
    audit = Stuck()
    async with Witness(audit=audit, system=FakeSystem()) as witness:
        for number in range(5):
            await asyncio.wait_for(witness.write(entry(number)), 1)
        assert await written(audit) == []
        audit.may_write.set()
    assert await written(audit) == [0, 1, 2, 3, 4]
    assert witness.lost == 0


async def test_a_failure_loses_one_entry_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be written is counted and logged; the next one has its turn."""
    audit = Stuck(fails=(1,))
    audit.may_write.set()
    async with Witness(audit=audit, system=FakeSystem()) as witness:
        for number in range(3):
            await witness.write(entry(number))
    assert await written(audit) == [0, 2]
    assert witness.lost == 1
    assert "lost" in caplog.text


async def test_a_store_that_is_away_loses_nothing() -> None:
    """What cannot be written now is written later, in its place; what waits goes on waiting."""
    system = FakeSystem(jumps=False)

    class Away(FakeAudit):
        is_away = True

        async def write(self, entry: AuditEntry) -> None:
            if self.is_away:
                raise Overloaded("busy", code="store_busy")
            await super().write(entry)

    audit = Away(system=system)
    async with Witness(audit=audit, system=system) as witness:
        for number in range(3):
            await witness.write(entry(number))
        await system.tick(10)
        assert await written(audit) == []
        audit.is_away = False
        await system.tick(2)
        assert await written(audit) == [0, 1, 2]
    assert witness.lost == 0


async def test_what_is_given_up_on_leaving_is_counted() -> None:
    """A store that stays away keeps nobody: the entry in hand and all that wait are lost aloud."""

    class Away(FakeAudit):
        async def write(self, entry: AuditEntry) -> None:
            raise Unavailable(entry.action, code="store_unreachable")

    system = FakeSystem(jumps=False)
    async with Witness(audit=Away(system=system), system=system, patience=0.01) as witness:
        for number in range(3):
            await witness.write(entry(number))
    assert witness.lost == 3


async def test_what_waits_is_bounded() -> None:
    """A book that cannot be written does not fill the memory, and leaving does not wait for it for ever."""
    audit = Stuck()
    async with Witness(audit=audit, system=FakeSystem(), most=3, patience=0.01) as witness:
        for number in range(10):
            await witness.write(entry(number))
            await asyncio.sleep(0)
        assert witness.lost == 6
    assert witness.lost >= 9


async def test_reading_is_the_books_own() -> None:
    """Pages and the chain are asked of the audit behind."""
    audit = Stuck()
    audit.may_write.set()
    async with Witness(audit=audit, system=FakeSystem()) as witness:
        await witness.write(entry(1))
        await asyncio.sleep(0.01)
        assert len(await witness.page(limit=1, before=None, action=None, actor=None)) == 1
        assert await witness.verify() is None


async def test_what_waits_can_be_counted() -> None:
    """Entries that are not written yet, and how many may wait."""
    audit = Stuck()
    async with Witness(audit=audit, system=FakeSystem(), most=10) as witness:
        for number in range(4):
            await witness.write(entry(number))
        assert (witness.waiting, witness.capacity) == (4, 10)
        audit.may_write.set()
        await asyncio.sleep(0.01)
        assert witness.waiting == 0
