"""What each limit does while the shared counter is away, when it is asked again, and within which bound."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.limiter import FakeLimiter
from tests.fakes.system import FakeSystem
from ultra.domain.errors import Unavailable
from ultra.domain.identity import Allowance, Principal
from ultra.domain.limits import Charge, Decision, Lease, Limit, Place
from ultra.limits.fallback import FallbackLimiter, Moved
from ultra.limits.policy import LimitPolicy, Rates

TEN = Limit("ten", 10, 3600.0)
ONE = Charge(TEN, "k")


class House:
    """A worker of two, its shared counter, and what was noticed."""

    def __init__(self, *, workers: int = 2) -> None:
        self.system = FakeSystem(jumps=False)
        self.shared = FakeLimiter(system=self.system)
        self.moves: list[Moved] = []
        self.limiter = FallbackLimiter(
            shared=self.shared, system=self.system, workers=workers, failures=5, open_s=5.0, noticed=self.moves.append
        )

    async def passed(self, times: int, charge: Charge = ONE) -> int:
        """Charge so often; say how many passed."""
        return sum([(await self.limiter.charge([charge])).allowed for _ in range(times)])

    async def lose(self) -> None:
        """Take the server away and let it be noticed, on a key of its own."""
        self.shared.reason = "ConnectionError"
        for _ in range(5):
            await self.limiter.charge([Charge(Limit("unrelated", 1, 1.0), "unrelated")])
        assert self.limiter.state == "open"


async def test_while_the_server_answers_it_decides() -> None:
    """Decisions are the shared counter's, and are not degraded."""
    house = House()
    decision = await house.limiter.charge([ONE])
    assert (decision.allowed, decision.degraded) == (True, False)
    assert await house.limiter.is_shared()
    assert (house.limiter.state, house.limiter.counts.degraded, house.moves) == ("closed", 0, [])


async def test_every_question_is_answered_from_the_first_failure_on() -> None:
    """A failure is no error for the caller: this worker decides at its share, says so, and it is counted."""
    house = House()
    house.shared.reason = "TimeoutError"
    decision = await house.limiter.charge([ONE])
    assert (decision.allowed, decision.degraded, decision.standings[0].remaining) == (True, True, 4)
    assert (house.limiter.counts.failures, house.limiter.counts.degraded) == (1, 1)
    assert house.limiter.state == "closed"


async def test_after_five_failures_in_a_row_the_server_is_left_alone() -> None:
    """The sixth question does not reach it; a success in between begins the row anew."""
    house = House()
    for reason in ["TimeoutError"] * 4 + [None] + ["TimeoutError"] * 4:
        house.shared.reason = reason
        await house.limiter.charge([ONE])
    assert (house.limiter.state, house.shared.asked) == ("closed", 9)
    house.shared.reason = "ReadOnlyError"
    await house.limiter.charge([ONE])
    assert [(each.state, each.reason) for each in house.moves] == [("open", "ReadOnlyError")]
    await house.passed(20)
    assert house.shared.asked == 10
    assert not await house.limiter.is_shared()


async def test_one_question_probes_and_the_others_are_answered_here() -> None:
    """When its time is over one question goes to the server; while it is under way no other does."""
    house = House()
    await house.lose()
    house.shared.reason = None
    house.system.advance(4.9)
    assert (await house.limiter.charge([ONE])).degraded
    house.system.advance(0.2)
    gate = asyncio.Event()
    answer = house.shared.charge

    async def slow(charges: list[Charge], *, places: list[Place], whose: str | None) -> Decision:
        await gate.wait()
        return await answer(charges, places=places)

    house.shared.charge = slow  # type: ignore[method-assign, assignment]  # the same question, later
    probe = asyncio.create_task(house.limiter.charge([ONE]))
    await asyncio.sleep(0)
    assert house.limiter.state == "half_open"
    assert (await house.limiter.charge([ONE])).degraded
    gate.set()
    assert not (await probe).degraded
    assert [each.state for each in house.moves] == ["open", "half_open", "closed"]
    assert not (await house.limiter.charge([ONE])).degraded


async def test_a_failed_probe_opens_again() -> None:
    """The server is left alone for the same time again, and it still counts as one outage."""
    house = House()
    await house.lose()
    asked = house.shared.asked
    for _ in range(3):
        house.system.advance(5.1)
        await house.passed(3)
    assert house.shared.asked == asked + 3
    assert (house.limiter.state, house.limiter.counts.openings) == ("open", 1)


async def test_a_probe_whose_caller_leaves_is_no_answer() -> None:
    """Cancelled while it probes: the next question probes, nothing hangs half open."""
    house = House()
    await house.lose()
    house.shared.reason = None
    house.system.advance(5.1)
    answer = house.shared.charge

    async def never(charges: list[Charge], *, places: list[Place], whose: str | None) -> Decision:
        await asyncio.Event().wait()
        return await answer(charges, places=places)

    house.shared.charge = never  # type: ignore[method-assign, assignment]  # an answer that does not come
    probe = asyncio.create_task(house.limiter.charge([ONE]))
    await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    house.shared.charge = answer  # type: ignore[method-assign]  # the server answers otherwise from here on
    assert not (await house.limiter.charge([ONE])).degraded
    assert house.limiter.state == "closed"


async def test_a_late_failure_of_before_does_not_close_the_door_again() -> None:
    """Questions that were under way when it opened, and fail when it has closed again, say nothing about now."""
    house = House()
    gate = asyncio.Event()
    answer = house.shared.charge

    async def fails_late(charges: list[Charge], *, places: list[Place], whose: str | None) -> Decision:
        await gate.wait()
        raise Unavailable("Gone.", code="TimeoutError")

    house.shared.charge = fails_late  # type: ignore[method-assign, assignment]  # failures that take their time
    late = [asyncio.create_task(house.limiter.charge([ONE])) for _ in range(9)]
    await asyncio.sleep(0)
    house.shared.charge = answer  # type: ignore[method-assign]  # the server answers otherwise from here on
    await house.lose()
    house.shared.reason = None
    house.system.advance(5.1)
    await house.limiter.charge([ONE])
    gate.set()
    assert all(each.degraded for each in await asyncio.gather(*late))
    assert house.limiter.state == "closed"


async def test_mistakes_are_not_outages() -> None:
    """A limit that cannot be counted is the caller's mistake, with or without a server."""
    house = House()
    broken = [Charge(TEN, "k"), Charge(Limit("ten", 3, 1.0), "k")]
    await house.lose()
    with pytest.raises(ValueError, match="Two different limits"):
        await house.limiter.charge(broken)
    assert house.limiter.counts.failures == 5


PRINCIPAL = Principal(id="user_1", kind="service", credential="key", credential_id="key_1")
POLICY = LimitPolicy(
    rates=Rates(
        public=8, anonymous=8, address=8, principal=8, cost=8, tokens=8, concurrency=8,
        failures_by_address=8, failures_by_network=8, failures_by_account=8, failures_by_device=8,
    )
)  # fmt: skip


def _every_limit() -> dict[str, Charge]:
    allowance = Allowance(requests_per_minute=8, tokens_per_minute=8)
    key = Principal(id="u", kind="service", credential="key", credential_id="k", allowance=allowance)
    charges = [
        *POLICY.public("192.0.2.1"),
        *POLICY.anonymous("192.0.2.1"),
        *POLICY.caller(key, address="192.0.2.1", route="read", tokens=1),
        *POLICY.sign_in("ada", address="192.0.2.1"),
        *POLICY.sign_in("ada", address="192.0.2.1", device="device"),
    ]
    return {each.limit.name: each for each in charges}


@pytest.mark.parametrize("name", sorted(_every_limit()))
async def test_when_the_server_is_down_each_worker_holds_its_share_of_every_limit(name: str) -> None:
    """Limit by limit: two workers without a server pass together what one server would have let pass."""
    charge = _every_limit()[name]
    workers = [House(workers=2) for _ in range(2)]
    for worker in workers:
        await worker.lose()
    assert [await worker.passed(20, charge) for worker in workers] == [4, 4]


def test_the_list_of_limits_is_whole() -> None:
    """The test above speaks of every limit that is charged anywhere."""
    assert set(_every_limit()) == {
        "public", "anonymous", "address", "principal", "cost", "key", "tokens", "key-tokens",
        "sign-in-address", "sign-in-network", "sign-in-account", "sign-in-device",
    }  # fmt: skip


async def test_a_limit_below_the_number_of_workers_still_allows_one_each() -> None:
    """Eight workers, three allowed: each allows 1, which is the stated excess."""
    house = House(workers=8)
    await house.lose()
    assert await house.passed(5, Charge(Limit("three", 3, 60.0), "k")) == 1


async def test_when_the_server_is_down_places_are_this_workers_share() -> None:
    """Half of eight places for one of two workers; they are renewed and given back here."""
    house = House()
    await house.lose()
    leases = [await house.limiter.enter("p", most=8, ttl_s=30) for _ in range(6)]
    assert sum(lease is not None for lease in leases) == 4
    mine = leases[0]
    assert mine is not None
    asked = house.shared.asked
    assert await house.limiter.renew(mine, ttl_s=60)
    await house.limiter.leave(mine)
    assert house.shared.asked == asked
    assert await house.limiter.enter("p", most=8, ttl_s=30) is not None


async def test_a_place_the_server_gave_is_kept_while_it_is_away() -> None:
    """Nobody loses a place because it cannot be asked; what ended on the server is known when it is back."""
    house = House()
    lease = await house.limiter.enter("p", most=1, ttl_s=30)
    assert isinstance(lease, Lease)
    await house.lose()
    assert await house.limiter.renew(lease, ttl_s=30)
    await house.limiter.leave(lease)
    house.shared.reason = None
    house.system.advance(31)
    assert not await house.limiter.renew(lease, ttl_s=30)
    assert house.limiter.state == "closed"


async def test_corrections_go_to_whoever_counts() -> None:
    """To the server while it answers, to this worker's counter while it does not."""
    house = House()
    tokens = Limit("tokens", 100, 3600.0, "tokens")
    await house.limiter.charge([Charge(tokens, "k", 80)])
    await house.limiter.correct(Charge(tokens, "k", 80), 10)
    assert (await house.shared.charge([Charge(tokens, "k", 0)])).standings[0].remaining == 90
    await house.lose()
    await house.limiter.charge([Charge(tokens, "k", 40)])
    await house.limiter.correct(Charge(tokens, "k", 40), 5)
    decision = await house.limiter.charge([Charge(tokens, "k", 0)])
    assert (decision.degraded, decision.standings[0].remaining) == (True, 45)


@given(
    history=st.lists(
        st.tuples(st.sampled_from(["charge"] * 4 + ["lose", "return", "wait"]), st.integers(1, 5)), max_size=120
    )
)
async def test_at_most_twice_the_limit_whatever_the_server_does(history: list[tuple[str, int]]) -> None:
    """However the server comes and goes, both workers together pass at most two bursts and twice the rate."""
    system = FakeSystem(jumps=False)
    shared = FakeLimiter(system=system)
    workers = [FallbackLimiter(shared=shared, system=system, workers=2, open_s=5.0) for _ in range(2)]
    began = system.monotonic()
    passed = 0
    limit = Limit("ten", 10, 100.0)
    for action, number in history:
        if action == "wait":
            system.advance(number)
        elif action != "charge":
            shared.reason = "ConnectionError" if action == "lose" else None
        else:
            decision = await workers[number % 2].charge([Charge(limit, "k", number)])
            passed += number * decision.allowed
    assert passed <= 2 * (10 + (system.monotonic() - began) * 10 / 100)


async def test_who_the_server_is_can_be_asked_at_any_time() -> None:
    """Though it is left alone it is asked, and that decides nothing: only what it counts does."""
    house = House()
    await house.lose()
    with pytest.raises(Unavailable) as refused:
        await house.limiter.server()
    assert (refused.value.code, house.limiter.state) == ("ConnectionError", "open")
    house.shared.reason = None
    assert await house.limiter.server() == "fake 1.0"
    assert house.limiter.state == "open"
