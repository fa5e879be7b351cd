"""What is special about counting in this process: shares, bounds, a clock that never goes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.system import FakeSystem
from ultra.domain.limits import Charge, Limit, Place
from ultra.limits.memory import MemoryLimiter

TEN = Limit("ten", 10, 10.0)


async def _passed(limiter: MemoryLimiter, charge: Charge, times: int) -> int:
    return sum([(await limiter.charge([charge])).allowed for _ in range(times)])


@pytest.mark.parametrize(("share", "passing"), [(1, 10), (3, 3), (4, 2), (10, 1), (64, 1)])
async def test_a_worker_allows_its_share(share: int, passing: int) -> None:
    """One of several workers allows the whole part of the limit that is its own, at least 1, of places too."""
    limiter = MemoryLimiter(system=FakeSystem(), share=share)
    assert await _passed(limiter, Charge(TEN, "k"), 30) == passing
    leases = [await limiter.enter("p", most=10, ttl_s=30) for _ in range(30)]
    assert sum(lease is not None for lease in leases) == passing


async def test_a_standing_speaks_of_the_whole_limit() -> None:
    """What is left is this worker's, what is named is the limit as everybody knows it."""
    decision = await MemoryLimiter(system=FakeSystem(), share=5).charge([Charge(TEN, "k")])
    assert (decision.standings[0].limit, decision.standings[0].remaining) == (TEN, 1)


async def test_no_place_at_all_is_no_place_in_any_share() -> None:
    """Where nobody may enter, nobody does."""
    assert await MemoryLimiter(system=FakeSystem()).enter("p", most=0, ttl_s=30) is None


async def test_what_is_paid_off_is_forgotten() -> None:
    """A million callers who come once each leave nothing behind when their time is over."""
    system = FakeSystem()
    limiter = MemoryLimiter(system=system, most_keys=1000)
    for number in range(20_000):
        await limiter.charge([Charge(TEN, str(number))])
        system.advance(0.01)
    assert len(limiter._tats) <= 300


async def test_a_flood_of_keys_stays_within_bounds_and_forgets_the_little_ones() -> None:
    """However many keys come at once, few are kept, and whoever was at his limit still is."""
    limiter = MemoryLimiter(system=FakeSystem(), most_keys=1000)
    assert await _passed(limiter, Charge(TEN, "greedy"), 11) == 10
    for number in range(5000):
        await limiter.charge([Charge(TEN, str(number))])
    assert len(limiter._tats) <= 1125
    assert await _passed(limiter, Charge(TEN, "greedy"), 5) == 0


async def test_places_that_ended_are_forgotten() -> None:
    """Leases that nobody gave back do not pile up."""
    system = FakeSystem()
    limiter = MemoryLimiter(system=system, most_keys=100)
    for number in range(2000):
        await limiter.enter(str(number), most=1, ttl_s=1)
        system.advance(0.1)
    assert len(limiter._places) <= 100


async def test_it_counts_for_this_process_alone() -> None:
    """It says so."""
    assert not await MemoryLimiter(system=FakeSystem()).is_shared()


@pytest.mark.parametrize(("share", "most_keys"), [(0, 1), (1, 0)])
def test_no_share_and_no_room_are_refused(share: int, most_keys: int) -> None:
    """They are mistakes."""
    with pytest.raises(ValueError, match="at least 1"):
        MemoryLimiter(system=FakeSystem(), share=share, most_keys=most_keys)


@given(
    steps=st.lists(st.tuples(st.sampled_from(["enter", "leave", "renew", "wait"]), st.integers(0, 9)), max_size=60),
    most=st.integers(1, 4),
)
async def test_never_more_places_than_there_are(steps: list[tuple[str, int]], most: int) -> None:
    """Whatever order of entering, leaving, renewing and time: the living leases never exceed the places."""
    system = FakeSystem()
    limiter = MemoryLimiter(system=system)
    ends = {}
    for action, number in steps:
        ends = {lease: end for lease, end in ends.items() if end > system.monotonic()}
        lease = list(ends)[number % len(ends)] if ends else None
        if action == "wait":
            system.advance(number)
        elif action == "enter":
            decision = await limiter.charge((), places=[Place("p", most, 5.0)])
            assert decision.allowed == (len(ends) < most)
            ends |= dict.fromkeys(decision.leases, system.monotonic() + 5.0)
        elif lease is not None and action == "leave":
            await limiter.leave(lease)
            del ends[lease]
        elif lease is not None:
            assert await limiter.renew(lease, ttl_s=7.0)
            ends[lease] = system.monotonic() + 7.0
        assert len(ends) <= most
