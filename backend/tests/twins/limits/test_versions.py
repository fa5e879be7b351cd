"""Versions on a real Valkey: what ended is never believed, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.system import FakeSystem
from tests.twins.limits.conftest import PATIENT_S
from tests.twins.limits.test_outages import FAULTS
from tests.twins.valkeys import Valkey, free_port
from ultra.domain.access import Versions
from ultra.domain.errors import Unavailable
from ultra.domain.limits import Charge, Limit, Place
from ultra.limits.redis import RedisLimiter
from ultra.limits.versions import BOUND_S, LASTS_S, SharedVersions
from ultra.system import System

USER = "user_ada"


class Book:
    """A database of versions; who asks may be held up before it is read, and before the answer arrives."""

    def __init__(self) -> None:
        self.rows = {USER: 1, "user_bob": 5}
        self.asked = 0
        self.before = asyncio.Event()
        self.after = asyncio.Event()
        self.before.set()
        self.after.set()

    async def of(self, user_ids: Sequence[str]) -> Mapping[str, int]:
        """Answer."""
        self.asked += 1
        await self.before.wait()
        found = {each: self.rows[each] for each in user_ids if each in self.rows}
        await self.after.wait()
        return found


@dataclass
class Worker:
    """One process: its limiter, and how it looks versions up."""

    limiter: RedisLimiter
    versions: SharedVersions

    async def told(self, user: str = USER) -> int | None:
        """Return what comes with the answer to a charge."""
        charge = Charge(Limit("ten", 10, 3600.0), "k")
        decision = await self.limiter.charge([charge], places=[Place("p", 100, 30.0)], whose=user)
        return decision.version


def worker(valkey: Valkey, book: Versions, *, system: System | None = None, timeout_s: float = PATIENT_S) -> Worker:
    """Open one."""
    clock = system or System()
    limiter = RedisLimiter(url=valkey.url, system=clock, timeout_s=timeout_s)
    return Worker(limiter, SharedVersions(url=valkey.url, versions=book, system=clock, timeout_s=timeout_s))


@dataclass
class Town:
    """A database, a server, and two workers."""

    book: Book
    workers: Sequence[Worker]
    tasks: list["asyncio.Task[Mapping[str, int]]"] = field(default_factory=list)


@pytest.fixture
async def town(valkey: Valkey) -> AsyncIterator[Town]:
    """Open everything."""
    book = Book()
    found = Town(book, [worker(valkey, book) for _ in range(2)])
    yield found
    for each in found.workers:
        await each.limiter.aclose()
        await each.versions.aclose()


async def test_a_version_comes_with_the_charge_once_somebody_has_asked(town: Town) -> None:
    """On every worker; the database is asked once."""
    one, other = town.workers
    assert await one.told() is None
    assert await one.versions.of([USER, "user_bob", "user_nobody"]) == {USER: 1, "user_bob": 5}
    assert (await one.told(), await other.told(), await other.told("user_bob")) == (1, 1, 5)
    assert await other.versions.of([USER]) == {USER: 1}
    assert await other.told("user_nobody") is None
    assert town.book.asked == 1


async def test_a_refusal_tells_it_too_and_counts_nothing(town: Town) -> None:
    """Whoever is over a limit and gone is told that they are gone."""
    one = town.workers[0]
    await one.versions.of([USER])
    charge = Charge(Limit("one", 1, 3600.0), "k")
    for allowed in (True, False):
        decision = await one.limiter.charge([charge], whose=USER)
        assert (decision.allowed, decision.version) == (allowed, 1)
    assert (await one.limiter.charge([], whose=USER)).version == 1


async def test_doubt_sends_everybody_to_the_database(town: Town) -> None:
    """Until it is over; nobody writes a version meanwhile."""
    one, other = town.workers
    await one.versions.of([USER, "user_bob"])
    await other.versions.doubt([USER])
    town.book.rows[USER] = 2
    for each in (one, other):
        assert await each.told() is None
        assert await each.versions.of([USER]) == {USER: 2}
    assert await one.told() is None
    assert await one.told("user_bob") == 5


async def test_an_answer_from_before_a_change_is_not_written_after_it(town: Town) -> None:
    """A worker that was slow to hear from the database writes nothing; the next one writes what is true."""
    one, other = town.workers
    town.book.after.clear()
    slow = asyncio.ensure_future(one.versions.of([USER]))
    while not town.book.asked:  # noqa: ASYNC110 - the book tells nobody
        await asyncio.sleep(0.001)
    town.book.after.set()
    town.book.rows[USER] = 2
    await other.versions.doubt([USER])
    await slow
    assert await other.told() is None


async def test_a_version_is_gone_by_itself(town: Town, valkey: Valkey) -> None:
    """A change of which the server was never told counts within the bound."""
    one = town.workers[0]
    await one.versions.of([USER])
    town.book.rows[USER] = 2
    (key,) = [key for key in valkey.client.scan_iter() if b"version" in key]
    assert 0 < valkey.client.pttl(key) <= LASTS_S * 1000 < BOUND_S * 1000 <= 5000
    valkey.client.delete(key)
    assert await one.told() is None
    assert await one.versions.of([USER]) == {USER: 2}


async def test_no_name_stands_in_the_server(town: Town, valkey: Valkey) -> None:
    """Keys are hashes."""
    await town.workers[0].versions.of([USER])
    assert not [key for key in valkey.client.scan_iter() if b"ada" in key]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_sick_server_leaves_the_database(valkey: Valkey, fault: str) -> None:
    """Everybody asks it, and asks the server no more for a while; a change says that it could not be told."""
    book, system = Book(), FakeSystem(jumps=False)
    sick = worker(valkey, book, system=system, timeout_s=0.2)
    with FAULTS[fault](valkey):
        for number in range(1, 30):
            assert await sick.versions.of([USER]) == {USER: 1}
            assert book.asked == number
        with pytest.raises(Unavailable):
            await sick.versions.doubt([USER])
    system.advance(5.1)
    async with asyncio.timeout(30):
        while await sick.told() is None:
            await sick.versions.of([USER])
            system.advance(5.1)
    await sick.limiter.aclose()
    await sick.versions.aclose()


async def test_a_server_that_is_not_there_leaves_the_database() -> None:
    """Nobody waits for it."""
    book = Book()
    lonely = SharedVersions(url=f"redis://127.0.0.1:{free_port()}/0", versions=book, system=System())
    assert await lonely.of([USER]) == {USER: 1}
    with pytest.raises(Unavailable):
        await lonely.doubt([USER])


STEPS = st.lists(
    st.sampled_from(["ask 0", "ask 1", "read", "hear", "change", "crash", "flush", "wait"]), min_size=4, max_size=24
)


@given(steps=STEPS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_order_of_events_lets_a_change_be_missed(town: Town, valkey: Valkey, steps: Sequence[str]) -> None:
    """Workers that are slow, changes whose process dies before anybody hears of them, a server that forgets everything.

    Whenever a change is done, whoever asks from then on hears of it: by a charge, or by asking.
    """
    valkey.client.flushall()
    drama = Drama(town, valkey)
    for step in steps:
        await drama.play(step)
        await drama.check()
    await drama.end()


class Drama:
    """Plays events one by one; `done` is the version of the last change that was acknowledged."""

    def __init__(self, town: Town, valkey: Valkey) -> None:
        self.valkey = valkey
        self.book, self.workers, self.tasks = town.book, town.workers, town.tasks
        self.book.rows[USER] = self.done = 1
        self.book.before.clear()
        self.book.after.clear()

    async def play(self, step: str) -> None:
        """Play one event."""
        match step.split():
            case ["ask", number]:
                self.tasks.append(asyncio.ensure_future(self.workers[int(number)].versions.of([USER])))
            case ["read"]:
                await self._pulse(self.book.before)
            case ["hear"]:
                await self._pulse(self.book.after)
            case ["change"]:
                await self.workers[0].versions.doubt([USER])
                self.book.rows[USER] += 1
                await self.workers[0].versions.doubt([USER])
                self.done = self.book.rows[USER]
            case ["crash"]:
                await self.workers[1].versions.doubt([USER])
                self.book.rows[USER] += 1
            case ["flush"]:
                self.valkey.client.flushall()
        await asyncio.sleep(0.002)

    async def check(self) -> None:
        """Look through every worker's eyes."""
        for each in self.workers:
            told = await each.told()
            assert told is None or told >= self.done, f"{told} is believed, though {self.done} was acknowledged"

    async def end(self) -> None:
        """Let everybody go, and look once more."""
        self.book.before.set()
        self.book.after.set()
        await asyncio.gather(*self.tasks)
        self.tasks.clear()
        await self.check()
        for each in self.workers:
            assert await each.versions.of([USER]) == {USER: self.book.rows[USER]}

    async def _pulse(self, event: asyncio.Event) -> None:
        event.set()
        await asyncio.sleep(0.002)
        event.clear()
