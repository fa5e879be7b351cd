"""How often one model is asked, and how long is waited in between."""

import asyncio

import pytest

from tests.fakes.catalogue import model
from ultra.domain.errors import (
    InvalidRequest,
    NetworkFailed,
    Overloaded,
    RateLimited,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.domain.models import Availability
from ultra.gateway.policy import Policy


async def test_a_passing_trouble_is_tried_again(bench, answer) -> None:
    """One row per upstream call, numbered, and a wait between them."""
    bench.plan("a/one", [Overloaded("x")], [NetworkFailed("x")], answer())
    completion, receipt = await bench.asked("a/one")
    assert completion.text == "hello"
    assert bench.outcomes == [
        ("a/one", "failed", "overloaded"),
        ("a/one", "failed", "network_failed"),
        ("a/one", "ok", None),
    ]
    assert [row.entry.attempt for row in bench.ledger.rows] == [1, 2, 3]
    assert (receipt.attempts, receipt.passed_over) == (3, ())
    assert 1000 < bench.system.monotonic() <= 1001.5


async def test_attempts_end(bench) -> None:
    """After the last attempt the last error is raised, as it is."""
    errors = [Overloaded("1"), Overloaded("2"), UpstreamFailed("3")]
    bench.plan("a/one", *[[error] for error in errors])
    with pytest.raises(UpstreamFailed, match="3"):
        await bench.ask("a/one")
    assert bench.a.opened == bench.a.closed == 3


async def test_what_cannot_help_is_not_repeated(bench) -> None:
    """A refused key is asked once."""
    bench.plan("a/one", [UpstreamRefusedKey("x")])
    with pytest.raises(UpstreamRefusedKey):
        await bench.ask("a/one")
    assert bench.a.opened == 1


async def test_retry_after_is_waited_out(bench, answer) -> None:
    """With nobody else to ask, the vendor's wait is kept, and the block does not outlast it."""
    bench.plan("a/one", [RateLimited("x", retry_after=6.0)], answer())
    assert (await bench.ask("a/one")).text == "hello"
    assert 1006 <= bench.system.monotonic() <= 1006.5


async def test_a_wait_beyond_the_deadline_is_not_begun(bench) -> None:
    """The caller hears at once what he would have heard at the deadline."""
    bench.plan("a/one", [RateLimited("x", retry_after=6.0)])
    with pytest.raises(RateLimited) as caught:
        await bench.ask("a/one", call=bench.call(5))
    assert caught.value.retry_after == 6
    assert bench.system.monotonic() == 1000


async def test_a_long_wait_gives_way_to_another_candidate(bench, answer) -> None:
    """Nobody waits long for one model while another can be asked at once; when none can, the wait is kept."""
    bench.plan("a/one", [RateLimited("x", retry_after=6.0)], answer())
    assert (await bench.ask("best")).provider == "b"
    assert bench.system.monotonic() == 1000
    bench.system.advance(60)
    bench.catalogue.put(model("b/one", availability=Availability("unavailable", "no_api_key")))
    bench.plan("a/one", [RateLimited("x", retry_after=6.0)], answer())
    assert (await bench.ask("best")).provider == "a"


async def test_a_short_wait_is_kept_beside_another_candidate(bench, answer) -> None:
    """A short wait stays with the model that was wanted."""
    bench.plan("a/one", [Overloaded("x")], answer())
    assert (await bench.ask("best")).provider == "a"


async def test_an_outage_is_not_amplified(make_bench) -> None:
    """When everything fails, retries stay within their budget."""
    bench = make_bench(policy=Policy(retry_floor=4, retry_share=0.1, breaker_failures=10**6, breaker_minimum=10**6))
    bench.plan("a/one", [InvalidRequest("x")])
    bench.plan("a/two", [Overloaded("x", retry_after=0.0)])
    for _ in range(10):
        with pytest.raises(Overloaded):
            await bench.ask("a/two")
    assert bench.a.opened <= 10 + 4


async def test_a_busy_model_may_be_retried_more(make_bench, answer) -> None:
    """The budget grows with the calls that are made."""
    bench = make_bench(policy=Policy(retry_floor=1, retry_share=0.1, max_attempts=9, breaker_failures=10**6))
    call = bench.call()
    await asyncio.gather(*[bench.ask("a/one", call=call) for _ in range(30)])
    bench.plan("a/one", [Overloaded("x", retry_after=0.0)], [Overloaded("x", retry_after=0.0)], answer())
    assert (await bench.ask("a/one")).text == "hello"


async def test_each_model_has_its_own_retry_budget(make_bench, answer) -> None:
    """One model's outage does not take another one's retries."""
    bench = make_bench(policy=Policy(retry_floor=1, breaker_failures=10**6, breaker_minimum=10**6))
    bench.plan("a/two", [Overloaded("x")])
    for _ in range(3):
        with pytest.raises(Overloaded):
            await bench.ask("a/two")
    bench.plan("a/one", [Overloaded("x")], answer())
    assert (await bench.ask("a/one")).text == "hello"


async def test_leaving_between_two_attempts(bench) -> None:
    """A caller who leaves while a retry is waited for leaves nothing open."""
    bench.system.jumps = False
    before = asyncio.all_tasks()
    bench.plan("a/one", [RateLimited("x", retry_after=6.0)])
    task = asyncio.create_task(bench.ask("a/one"))
    await bench.system.tick(5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await bench.system.settled()
    assert (bench.a.opened, bench.a.closed) == (1, 1)
    assert bench.ledger.open_rows == []
    assert asyncio.all_tasks() == before


async def test_the_observer_hears_which_call_of_the_completion_it_was(bench, answer) -> None:
    """Calls are counted through, over models: every one but the first was a retry or another candidate."""
    bench.plan("a/one", [Overloaded("x")], [UpstreamRefusedKey("x")])
    bench.plan("b/one", answer())
    await bench.ask("best")
    assert [(each.model, each.attempt) for each in bench.observer.calls] == [("a/one", 1), ("a/one", 2), ("b/one", 3)]
