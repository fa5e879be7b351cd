"""A run counts against its caller's concurrency from before it is kept until it has ended."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.keys import FakeKeys
from tests.fakes.limiter import FakeLimiter
from tests.fakes.runs import FakeRuns
from tests.fakes.system import FakeSystem
from tests.fakes.users import FakeUsers
from ultra.domain.access import AuditEntry, User
from ultra.domain.analysis import Question, Run, RunOptions
from ultra.domain.errors import RateLimited
from ultra.domain.identity import LOCAL_OPERATOR, Allowance, Principal, Role
from ultra.limits import LimitPolicy, Rates
from ultra.services.allowances import Allowances
from ultra.services.run_places import HeldPlaces

ANN = Principal("user_ann", "user", credential="token", allowance=Allowance(concurrency=1))


class Worker:
    """One process that takes and conducts runs; several share a counter and a store."""

    def __init__(self, beside: "Worker | None" = None) -> None:
        self.system = beside.system if beside else FakeSystem(jumps=False)
        self.users = beside.users if beside else FakeUsers(system=self.system)
        self.limiter = beside.limiter if beside else FakeLimiter(system=self.system)
        self.runs = beside.runs if beside else FakeRuns(system=self.system)
        self.go = asyncio.Event()
        self.places = HeldPlaces(
            limiter=self.limiter,
            policy=LimitPolicy(rates=Rates()),
            allowances=Allowances(users=self.users, keys=FakeKeys(users=self.users), system=self.system),
            runs=self.runs,
            system=self.system,
        )

    async def begin(self, number: int = 1, *, principal: Principal = ANN, **options: bool) -> Run:
        """Take the places of a run and keep it."""
        run = Run(
            f"run_{number}", principal.id, Question("Why?"), RunOptions(**options), ("a/one",), "queued",
            self.system.now(),
        )  # fmt: skip
        await self.places.take(principal, run)
        await self.runs.create(run)
        return run

    async def claim(self, run: Run) -> Run:
        """Take the lease of a run."""
        claimed = await self.runs.claim(run.id, worker="w", until=self.system.now() + timedelta(hours=1))
        assert claimed is not None
        return claimed

    def conduct(self, run: Run) -> "asyncio.Task[None]":
        """Conduct a run until `go` is set."""

        async def wait(*_: object) -> None:
            await self.go.wait()

        async def conducted() -> None:
            await self.places.conducting(wait)(run, "w")

        return asyncio.create_task(conducted())

    def taken(self) -> int:
        """Return how many places are taken now."""
        now = self.system.monotonic()
        return sum(end > now for held in self.limiter.held.values() for end in held.values())


@pytest.fixture
async def worker(anyio_backend: str) -> AsyncIterator[Worker]:
    """Open a worker that knows ann."""
    worker = Worker()
    ann = User(id="user_ann", username="ann", role=Role.MEMBER, created_at=worker.system.now())
    ann = replace(ann, allowance=Allowance(concurrency=1))
    await worker.users.create(ann, AuditEntry("test", "done", actor=None))
    async with worker.places:
        yield worker


async def test_a_run_has_its_place_until_it_has_ended(worker: Worker) -> None:
    """While it waits and while it is conducted, however long; the next one is let in after its end."""
    run = await worker.begin()
    await worker.system.tick(100)
    conducting = worker.conduct(await worker.claim(run))
    await worker.system.tick(100)
    with pytest.raises(RateLimited) as caught:
        await worker.begin(2)
    assert caught.value.violated == ("concurrency",)
    assert worker.taken() == 1
    worker.go.set()
    await conducting
    assert worker.taken() == 0
    await worker.begin(3)


async def test_a_stopped_run_gives_its_place_back(worker: Worker) -> None:
    """Also when its conduct is cancelled, and when it was not kept after all."""
    conducting = worker.conduct(await worker.claim(await worker.begin()))
    await worker.system.settled()
    conducting.cancel()
    await asyncio.wait({conducting})
    assert worker.taken() == 0
    await worker.begin(2)
    for _ in range(2):
        await worker.places.give_back("run_2")
    assert worker.taken() == 0


async def test_a_run_that_was_cancelled_while_it_waited_is_forgotten(worker: Worker) -> None:
    """By whichever worker that was: when places are renewed it is looked up."""
    run = await worker.begin()
    await worker.claim(run)
    await worker.system.tick(11)
    assert worker.taken() == 0


async def test_whoever_takes_a_run_up_holds_its_place(worker: Worker) -> None:
    """When its worker dies, and when it waited there too long: after a moment it is counted once again."""
    run = await worker.begin()
    async with Worker(beside=worker).places as places:
        other = Worker(beside=worker)
        other.places = places
        conducting = other.conduct(await worker.claim(run))
        await worker.system.settled()
        assert worker.taken() == 2
        await worker.system.tick(60)
        assert worker.taken() == 1
        with pytest.raises(RateLimited):
            await worker.begin(2)
        other.go.set()
        await conducting
    assert worker.taken() == 0


async def test_a_counter_that_forgot_a_place_is_told_again(worker: Worker) -> None:
    """After a restart of the server a run that is under way is counted all the same."""
    conducting = worker.conduct(await worker.claim(await worker.begin()))
    await worker.system.settled()
    worker.limiter.held.clear()
    await worker.system.tick(11)
    assert worker.taken() == 1
    worker.go.set()
    await conducting
    assert worker.taken() == 0


async def test_a_counter_that_fails_ends_no_renewal(worker: Worker) -> None:
    """Places are renewed when it is back."""
    await worker.begin()
    worker.limiter.reason = "limits_down"
    await worker.system.tick(11)
    worker.limiter.reason = None
    await worker.system.tick(60)
    assert worker.taken() == 1


async def test_some_runs_have_no_place_of_their_own(worker: Worker) -> None:
    """An ensemble has its request's, and this machine's command line is not limited."""
    for number in range(3):
        run = await worker.begin(number, resumable=False)
        local = await worker.begin(10 + number, principal=LOCAL_OPERATOR)
        for each in (run, local):
            worker.conduct(await worker.claim(each))
    await worker.system.settled()
    assert worker.taken() == 0
    worker.go.set()
    await worker.system.settled()


async def test_leaving_gives_everything_back() -> None:
    """What is not done here is done elsewhere, by whoever takes it up."""
    worker = Worker()
    async with worker.places:
        await worker.begin()
        assert worker.taken() == 1
    assert worker.taken() == 0
