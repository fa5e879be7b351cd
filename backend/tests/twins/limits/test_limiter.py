"""The promise of `Limiter`, on every keeper: in memory, on a real Valkey, behind a fallback, and the fake.

Windows are an hour long, so that nothing comes back by itself while a slow machine is at work.
"""

import asyncio
import re

import pytest

from tests.twins.limits.conftest import Counter
from ultra.domain.limits import Charge, Lease, Limit, Place

HOUR = 3600.0
TEN = Limit("ten", 10, HOUR)
FIVE = Limit("five", 5, HOUR)
TOKENS = Limit("tokens", 1000, HOUR, "tokens")


async def _remaining(counter: Counter, limit: Limit, key: str = "k") -> int:
    decision = await counter.limiter.charge([Charge(limit, key, 0)])
    assert decision.allowed
    return decision.standings[0].remaining


async def test_of_many_at_once_as_many_pass_as_are_allowed(counter: Counter) -> None:
    """Thirty at once through two workers: ten pass, twenty are told when to come back."""
    limiters = [counter.limiter, counter.colleague] * 15
    decisions = await asyncio.gather(*[each.charge([Charge(TEN, "k")]) for each in limiters])
    refused = [each for each in decisions if not each.allowed]
    assert len(refused) == 20
    assert {each.violated for each in refused} == {("ten",)}
    assert all(350 < each.retry_after_s <= 360 for each in refused)
    assert not any(each.degraded for each in decisions)


async def test_what_is_left_is_told_and_never_rises(counter: Counter) -> None:
    """Each decision says how the limit stands after it."""
    decisions = [await counter.limiter.charge([Charge(TEN, "k")]) for _ in range(11)]
    standings = [each.standings[0] for each in decisions]
    assert [each.remaining for each in standings] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert standings[0].limit == TEN
    assert standings[0].reset_s == pytest.approx(360, abs=30)
    assert standings[-1].reset_s == pytest.approx(3600, abs=30)
    assert standings[-1].next_s == pytest.approx(360, abs=30)


async def test_time_gives_back(counter: Counter) -> None:
    """A unit comes back every tenth of the window, up to the whole amount and no further."""
    await counter.limiter.charge([Charge(TEN, "k", 10)])
    counter.pass_time(361)
    assert [(await counter.limiter.charge([Charge(TEN, "k")])).allowed for _ in range(2)] == [True, False]
    counter.pass_time(100_000)
    assert await _remaining(counter, TEN) == 10
    assert [(await counter.limiter.charge([Charge(TEN, "k", each)])).allowed for each in (10, 1)] == [True, False]


async def test_all_are_counted_or_none(counter: Counter) -> None:
    """One limit that says no keeps the others untouched, wherever it stands among them."""
    await counter.limiter.charge([Charge(FIVE, "k", 4)])
    decision = await counter.limiter.charge([Charge(TEN, "k", 2), Charge(FIVE, "k", 2), Charge(TOKENS, "k", 100)])
    assert (decision.allowed, decision.violated) == (False, ("five",))
    assert [each.remaining for each in decision.standings] == [10, 1, 1000]
    assert decision.retry_after_s == pytest.approx(720, abs=30)
    assert await _remaining(counter, TEN) == 10


async def test_a_refusal_waits_for_all_that_said_no(counter: Counter) -> None:
    """With several limits violated, each is named and the longest wait is told."""
    await counter.limiter.charge([Charge(FIVE, "k", 5), Charge(TEN, "k", 10)])
    decision = await counter.limiter.charge([Charge(TEN, "k"), Charge(FIVE, "k")])
    assert decision.violated == ("ten", "five")
    assert decision.retry_after_s == pytest.approx(720, abs=30)


async def test_keys_and_limits_are_apart(counter: Counter) -> None:
    """Another key, or another limit under the same key, has its own count."""
    await counter.limiter.charge([Charge(TEN, "k", 10)])
    assert (await counter.limiter.charge([Charge(TEN, "other", 10)])).allowed
    assert (await counter.limiter.charge([Charge(FIVE, "k", 5)])).allowed


async def test_charges_of_one_limit_and_key_add_up(counter: Counter) -> None:
    """Twice the same in one question counts twice and stands once."""
    decision = await counter.limiter.charge([Charge(TEN, "k", 3), Charge(TEN, "k", 4)])
    assert [each.remaining for each in decision.standings] == [3]
    assert not (await counter.limiter.charge([Charge(TEN, "k", 2), Charge(TEN, "k", 2)])).allowed


async def test_a_charge_heavier_than_its_limit_passes_alone(counter: Counter) -> None:
    """It waits until nothing is counted, and then all others wait until it is paid off."""
    await counter.limiter.charge([Charge(FIVE, "k")])
    heavy = await counter.limiter.charge([Charge(FIVE, "k", 12)])
    assert (heavy.allowed, heavy.violated) == (False, ("five",))
    assert heavy.retry_after_s == pytest.approx(720, abs=30)
    counter.pass_time(721)
    assert (await counter.limiter.charge([Charge(FIVE, "k", 12)])).allowed
    assert (await counter.limiter.charge([Charge(FIVE, "k")])).retry_after_s == pytest.approx(8 * 720, abs=30)


async def test_a_look_counts_nothing(counter: Counter) -> None:
    """A weight of nothing passes at an exhausted limit and shows it."""
    await counter.limiter.charge([Charge(TEN, "k", 10)])
    assert [await _remaining(counter, TEN) for _ in range(3)] == [0, 0, 0]


async def test_less_is_given_back_and_more_is_counted(counter: Counter) -> None:
    """A reservation becomes what it really was."""
    await counter.limiter.charge([Charge(TOKENS, "k", 800)])
    await counter.limiter.correct(Charge(TOKENS, "k", 800), 300)
    assert await _remaining(counter, TOKENS) == pytest.approx(700, abs=5)
    await counter.colleague.correct(Charge(TOKENS, "k", 300), 900)
    assert await _remaining(counter, TOKENS) == pytest.approx(100, abs=5)
    await counter.limiter.correct(Charge(TOKENS, "k", 900), 900)
    assert await _remaining(counter, TOKENS) == pytest.approx(100, abs=5)


async def test_nothing_below_nothing_is_given_back(counter: Counter) -> None:
    """Giving back more than is counted, or twice, never makes room for more than the whole limit."""
    await counter.limiter.charge([Charge(TOKENS, "k", 100)])
    for _ in range(3):
        await counter.limiter.correct(Charge(TOKENS, "k", 900), 0)
    assert await _remaining(counter, TOKENS) == 1000
    assert [(await counter.limiter.charge([Charge(TOKENS, "k", each)])).allowed for each in (500, 510)] == [True, False]


async def test_what_was_never_charged_can_be_corrected(counter: Counter) -> None:
    """A counter that is gone takes the rest on, and a reservation that is paid off gives nothing back."""
    await counter.limiter.correct(Charge(TOKENS, "new", 0), 400)
    assert await _remaining(counter, TOKENS, "new") == pytest.approx(600, abs=5)
    await counter.limiter.correct(Charge(TOKENS, "gone", 400), 0)
    assert await _remaining(counter, TOKENS, "gone") == 1000


async def test_a_debt_is_carried_and_has_an_end(counter: Counter) -> None:
    """What was used beyond the limit is paid off later; nonsense costs ten windows at most."""
    await counter.limiter.correct(Charge(TOKENS, "k", 0), 2000)
    refused = await counter.limiter.charge([Charge(TOKENS, "k", 100)])
    assert refused.retry_after_s == pytest.approx(1.1 * HOUR, abs=30)
    await counter.limiter.correct(Charge(TOKENS, "k", 0), 10**18)
    refused = await counter.limiter.charge([Charge(TOKENS, "k", 1)])
    assert refused.retry_after_s == pytest.approx(9 * HOUR, abs=40)


async def test_places_are_taken_given_back_and_end(counter: Counter) -> None:
    """Two places: the third waits until one is given back, or until one has ended by itself."""
    first = await counter.limiter.enter("p", most=2, ttl_s=100)
    second = await counter.colleague.enter("p", most=2, ttl_s=1000)
    assert isinstance(first, Lease)
    assert isinstance(second, Lease)
    assert first.id != second.id
    assert await counter.limiter.enter("p", most=2, ttl_s=100) is None
    assert await counter.limiter.enter("q", most=2, ttl_s=100) is not None
    await counter.colleague.leave(first)
    await counter.colleague.leave(first)
    third = await counter.limiter.enter("p", most=2, ttl_s=100)
    assert third is not None
    counter.pass_time(200)
    assert await counter.limiter.enter("p", most=2, ttl_s=1000) is not None
    assert await counter.limiter.enter("p", most=2, ttl_s=1000) is None


async def test_a_place_is_kept_as_long_as_it_is_renewed(counter: Counter) -> None:
    """Renewed in time it stays; after its end it cannot be renewed, nor after it was given back."""
    lease = await counter.limiter.enter("p", most=1, ttl_s=100)
    assert lease is not None
    for _ in range(3):
        counter.pass_time(80)
        assert await counter.colleague.renew(lease, ttl_s=100)
        assert await counter.limiter.enter("p", most=1, ttl_s=100) is None
    counter.pass_time(101)
    assert not await counter.limiter.renew(lease, ttl_s=100)
    again = await counter.limiter.enter("p", most=1, ttl_s=100)
    assert again is not None
    await counter.limiter.leave(again)
    assert not await counter.limiter.renew(again, ttl_s=100)


async def test_charges_and_places_are_one_decision(counter: Counter) -> None:
    """A full place keeps the charge from being counted, a violated limit keeps the place free."""
    place = Place("p", 1, 100.0)
    decision = await counter.limiter.charge([Charge(TEN, "k", 5)], places=[place])
    assert (decision.allowed, [each.key for each in decision.leases]) == (True, ["p"])
    busy = await counter.limiter.charge([Charge(TEN, "k")], places=[place])
    assert (busy.allowed, busy.violated, busy.leases) == (False, ("concurrency",), ())
    assert busy.retry_after_s >= 1
    assert await _remaining(counter, TEN) == 5
    await counter.limiter.leave(decision.leases[0])
    refused = await counter.limiter.charge([Charge(TEN, "k", 6)], places=[place])
    assert (refused.allowed, refused.violated, refused.leases) == (False, ("ten",), ())
    assert await counter.limiter.enter("p", most=1, ttl_s=100) is not None


async def test_two_kinds_of_places_are_taken_together(counter: Counter) -> None:
    """The owner's place and the key's: both or none, and the full one is named; twice the same needs two."""
    both = [Place("owner", 2, 100.0, "concurrency"), Place("key", 1, 100.0, "key-concurrency")]
    assert len((await counter.limiter.charge((), places=both)).leases) == 2
    assert (await counter.limiter.charge((), places=both)).violated == ("key-concurrency",)
    assert await counter.limiter.enter("owner", most=2, ttl_s=100) is not None
    assert not (await counter.limiter.charge((), places=[Place("pair", 1, 100.0)] * 2)).allowed
    assert (await counter.limiter.charge((), places=[Place("pair", 2, 100.0)] * 2)).allowed


async def test_of_many_at_once_no_more_than_the_places_enter(counter: Counter) -> None:
    """Forty at once through two workers: seven enter."""
    limiters = [counter.limiter, counter.colleague] * 20
    leases = await asyncio.gather(*[each.enter("p", most=7, ttl_s=100) for each in limiters])
    assert sum(lease is not None for lease in leases) == 7


async def test_asking_for_nothing_passes(counter: Counter) -> None:
    """Where every limit is off, nothing is in the way."""
    decision = await counter.limiter.charge(())
    assert (decision.allowed, decision.standings, decision.leases) == (True, (), ())


async def test_it_says_who_counts_for_all(counter: Counter) -> None:
    """The server's own name and version; nothing where nothing is shared."""
    server = await counter.limiter.server()
    if await counter.limiter.is_shared():
        assert re.fullmatch(r"(valkey|redis|fake) \d+\.\d+[.\d]*", server or "")
    else:
        assert server is None
