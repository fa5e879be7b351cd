"""When a model is left alone, and how it comes back."""

import pytest

from tests.unit.gateway.completion.half import HALF
from ultra.domain.completion import gather
from ultra.domain.errors import (
    NoneAvailable,
    Overloaded,
    RateLimited,
    Truncated,
    UpstreamFailed,
)
from ultra.gateway.policy import Policy


async def _break(bench, name: str = "a/one") -> None:
    """Let a model fail until nobody is let through."""
    bench.plan(name, [UpstreamFailed("x", retryable=False)])
    for _ in range(bench.policy.breaker_failures):
        with pytest.raises(UpstreamFailed):
            await bench.ask(name)


async def test_a_broken_model_is_left_alone(bench) -> None:
    """An open breaker sends callers to the next candidate, or away with the time to return."""
    await _break(bench)
    asked = bench.a.opened
    assert (await bench.ask("best")).provider == "b"
    with pytest.raises(NoneAvailable) as caught:
        await bench.ask("a/one")
    assert 0 < caught.value.retry_after <= bench.policy.open_base_s
    assert "circuit_open" in caught.value.message
    assert bench.a.opened == asked
    assert bench.gateway.breakers.state("a/one").state == "open"
    assert [move.state for move in bench.observer.moves] == ["open"]


async def test_a_probe_finds_a_model_well_again(bench, answer) -> None:
    """After its time one call goes through; while it is out others are refused; its success opens the way."""
    await _break(bench)
    bench.system.advance(bench.policy.open_base_s)
    bench.plan("a/one", answer())
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as probe:
        with pytest.raises(NoneAvailable):
            await bench.ask("a/one")
        await gather(probe)
    assert (await bench.ask("a/one")).text == "hello"
    assert bench.gateway.breakers.state("a/one").state == "closed"


async def test_a_cancelled_probe_lets_the_next_one_try(bench, answer) -> None:
    """The probe's place is free as soon as its caller has left."""
    await _break(bench)
    bench.system.advance(bench.policy.open_base_s)
    bench.plan("a/one", answer())
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as probe:
        await anext(probe)
    assert bench.gateway.breakers.state("a/one").state == "half_open"
    assert (await bench.ask("a/one")).text == "hello"


async def test_a_probe_whose_row_cannot_be_written_frees_its_place(bench, answer) -> None:
    """A ledger that refuses stops the call before it is made, and the next caller may probe."""
    await _break(bench)
    bench.system.advance(bench.policy.open_base_s)
    bench.plan("a/one", answer())
    asked, reserve = bench.a.opened, bench.ledger.reserve

    def refuse(entry) -> None:
        raise OSError("disk full")

    bench.ledger.reserve = refuse
    with pytest.raises(OSError, match="disk full"):
        await bench.ask("a/one")
    assert bench.a.opened == asked
    bench.ledger.reserve = reserve
    assert (await bench.ask("a/one")).text == "hello"


async def test_a_break_mid_stream_counts(bench) -> None:
    """A model that starts well and breaks off every time is broken."""
    bench.plan("a/one", [*HALF, Truncated("x")])
    for _ in range(bench.policy.breaker_failures):
        with pytest.raises(Truncated):
            await bench.ask("a/one")
    assert bench.gateway.breakers.state("a/one").state == "open"


async def test_a_breaker_that_opens_ends_the_retries(make_bench) -> None:
    """Retries do not run against an open breaker; the caller hears the last real error."""
    bench = make_bench(policy=Policy(breaker_failures=2, max_attempts=5))
    bench.plan("a/one", [Overloaded("x")])
    with pytest.raises(Overloaded):
        await bench.ask("a/one")
    assert bench.a.opened == 2


async def test_a_rate_limited_model_is_left_alone_until_its_time(hasty, answer) -> None:
    """Other callers are kept away too, told `rate_limited` and when, and let through afterwards."""
    hasty.plan("a/one", [RateLimited("x", retry_after=30.0)], answer())
    with pytest.raises(RateLimited):
        await hasty.ask("a/one")
    with pytest.raises(NoneAvailable) as caught:
        await hasty.ask("a/one")
    assert caught.value.retry_after == 30
    assert "rate_limited" in caught.value.message
    hasty.system.advance(30)
    assert (await hasty.ask("a/one")).text == "hello"
