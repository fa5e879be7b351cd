"""The whole onion: who is asked, in which order, how often, and what the caller is told."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.catalogue import model
from ultra.domain.chat import Delta, Finished, Loss, PartStarted, Started, Tool, Usage, UsageReported
from ultra.domain.completion import Fold, gather
from ultra.domain.errors import (
    AllFailed,
    ContextTooLong,
    InvalidRequest,
    NetworkFailed,
    NoneAvailable,
    NotFound,
    Overloaded,
    RateLimited,
    TimedOut,
    Truncated,
    Upstream,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.domain.models import Availability, Capabilities
from ultra.domain.ports import CallContext, Completions
from ultra.gateway.policy import Policy

ONCE = Policy(max_attempts=1)
BEGUN = Started("id-1", "a", "one")
HALF = [BEGUN, PartStarted(0, "text"), Delta(0, "half")]


@pytest.fixture
def hasty(make_bench):
    """Return a gateway that never asks the same model twice."""
    return make_bench(policy=ONCE)


async def test_one_question_one_answer(bench, answer) -> None:
    """The provider is asked by its own model name, and the row and the receipt tell the same."""
    promise: Completions = bench.gateway
    call = bench.call()
    async with promise.open(bench.request("a/one"), call) as stream:
        completion = await gather(stream)
    assert completion.text == "hello"
    assert [each.model for each in bench.a.requests] == ["one"]
    assert bench.a.deadlines == [call.deadline]
    receipt = stream.receipt
    assert (receipt.model, receipt.attempts, receipt.passed_over) == ("a/one", 1, ())
    assert receipt.usage == Usage(100, output_total=10)
    assert receipt.cost_usd == Decimal("0.00012")
    (row,) = bench.ledger.rows
    assert row.settlement is not None
    assert (row.settlement.cost_usd, row.settlement.usage) == (receipt.cost_usd, receipt.usage)
    assert (row.entry.principal, row.entry.run_id, row.entry.attempt) == ("somebody", "run_1", 1)


async def test_an_unknown_model_is_not_found(bench) -> None:
    """The catalogue's word passes, and nobody is asked."""
    with pytest.raises(NotFound):
        await bench.ask("a/none")
    assert bench.ledger.rows == []


# --- candidates -------------------------------------------------------------------------------------------------


async def test_the_next_candidate_answers(hasty) -> None:
    """A failure before the first event goes on to the next one, and the receipt names the first and adds its cost."""
    hasty.plan("a/one", [TimedOut("x", upstream=Upstream(started=True))])
    completion, receipt = await hasty.asked("best")
    assert completion.provider == "b"
    assert (receipt.model, receipt.attempts) == ("b/one", 2)
    ((passed),) = receipt.passed_over
    assert (passed.model, passed.outcome, passed.kind) == ("a/one", "failed", "timed_out")
    first, second = hasty.ledger.settlements
    assert receipt.cost_usd == first.cost_usd + second.cost_usd > second.cost_usd
    assert (hasty.a.opened, hasty.a.closed) == (1, 1)


async def test_a_refusal_is_not_carried_to_the_next(hasty) -> None:
    """What no candidate would take is raised at once."""
    hasty.plan("a/one", [InvalidRequest("x")])
    with pytest.raises(InvalidRequest):
        await hasty.ask("best")
    assert hasty.b.opened == 0


async def test_a_longer_window_may_take_it(hasty) -> None:
    """A prompt too long for one candidate goes to the next."""
    hasty.plan("a/one", [ContextTooLong("x")])
    assert (await hasty.ask("best")).provider == "b"


async def test_a_panel_member_is_not_replaced(hasty) -> None:
    """Without falling back only the first candidate is asked, and its very error is raised."""
    own = UpstreamFailed("x")
    hasty.plan("a/one", [own])
    with pytest.raises(UpstreamFailed) as caught:
        await hasty.ask("best", call=hasty.call(fall_back=False))
    assert caught.value is own
    assert hasty.b.opened == 0


async def test_every_candidate_failed(hasty) -> None:
    """The causes are kept in order, each with the model it came from."""
    hasty.plan("a/one", [UpstreamFailed("x")])
    hasty.plan("b/one", [Overloaded("y")])
    opening = hasty.gateway.open(hasty.request("best"), hasty.call())
    with pytest.raises(AllFailed) as caught:
        await opening.__aenter__()
    assert [(each.kind, each.model) for each in caught.value.causes] == [
        ("upstream_failed", "a/one"),
        ("overloaded", "b/one"),
    ]
    assert opening.receipt.attempts == 2
    assert [each.kind for each in opening.receipt.passed_over] == ["upstream_failed", "overloaded"]
    assert opening.receipt.cost_usd == 0


async def test_after_the_first_event_nobody_else_is_asked(bench) -> None:
    """A break mid-stream is the caller's to decide: neither retried nor replaced, and raised as it is."""
    bench.plan("a/one", [*HALF, Truncated("x")])
    fold = Fold()
    async with bench.gateway.open(bench.request("best"), bench.call()) as stream:
        with pytest.raises(Truncated):
            await _read(stream, fold)
    assert fold.text == "half"
    assert (bench.a.opened, bench.b.opened) == (1, 0)
    assert stream.receipt.usage is not None
    assert stream.receipt.usage.estimated


async def _read(stream, fold) -> None:
    async for event in stream:
        fold.add(event)


async def test_a_model_that_cannot_do_it_is_passed_over(bench) -> None:
    """A candidate that is known not to call tools leaves the question to one that may."""
    bench.catalogue.put(model("a/one", capabilities=Capabilities(tools=False)))
    completion, receipt = await bench.asked("best", tools=(Tool("look"),))
    assert completion.provider == "b"
    assert [(each.model, each.outcome, each.kind) for each in receipt.passed_over] == [
        ("a/one", "skipped", "invalid_request")
    ]


async def test_what_no_candidate_can_do_costs_nothing(bench) -> None:
    """The request is refused before anything is reserved."""
    bench.catalogue.put(model("a/one", capabilities=Capabilities(tools=False)))
    with pytest.raises(InvalidRequest) as caught:
        await bench.ask("a/one", tools=(Tool("look"),))
    assert caught.value.param == "tools"
    assert (bench.ledger.rows, bench.a.opened) == ([], 0)


async def test_an_unusable_model_is_passed_over(bench) -> None:
    """What the catalogue says cannot be asked is not; with nobody left, the error says why and until when."""
    until = bench.system.now() + timedelta(seconds=30)
    bench.catalogue.put(model("a/one", availability=Availability("unavailable", "no_api_key")))
    completion, receipt = await bench.asked("best")
    assert completion.provider == "b"
    assert [(each.outcome, each.kind) for each in receipt.passed_over] == [("skipped", "no_api_key")]
    bench.catalogue.put(model("b/one", availability=Availability("rate_limited", "rate_limited", retry_at=until)))
    with pytest.raises(NoneAvailable) as caught:
        await bench.ask("best")
    assert caught.value.retry_after == 30
    assert "no_api_key" in caught.value.message
    assert bench.a.opened == 0


async def test_a_provider_that_is_not_set_up(bench) -> None:
    """A model of a provider nobody configured is skipped."""
    bench.catalogue.put(model("c/one"))
    bench.catalogue.lists["odd"] = ("c/one", "b/one")
    assert (await bench.ask("odd")).provider == "b"
    with pytest.raises(NoneAvailable):
        await bench.ask("c/one")


async def test_an_ensemble_is_refused_whoever_serves_it(bench) -> None:
    """An ensemble reaching the gateway is a wrong request, not an absent provider."""
    bench.catalogue.put(model("ultra/consensus", kind="ensemble"))
    with pytest.raises(InvalidRequest):
        await bench.ask("ultra/consensus")


# --- retries ----------------------------------------------------------------------------------------------------


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


# --- the breaker ------------------------------------------------------------------------------------------------


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


# --- the deadline -----------------------------------------------------------------------------------------------


async def test_a_deadline_already_over_asks_nobody(bench) -> None:
    """Nothing is reserved or opened for a caller who is too late."""
    with pytest.raises(TimedOut):
        await bench.ask("best", call=bench.call(0))
    assert (bench.ledger.rows, bench.a.opened, bench.b.opened) == ([], 0, 0)


async def test_after_the_deadline_no_other_candidate_is_asked(bench, answer) -> None:
    """The time is over for all of them: the caller hears `TimedOut`."""
    bench.plan("a/one", [200.0, *answer()])
    with pytest.raises(TimedOut):
        await bench.ask("best", call=bench.call(50))
    assert bench.b.opened == 0
    assert bench.system.monotonic() == 1050


# --- the receipt ------------------------------------------------------------------------------------------------


async def test_losses_are_on_the_receipt(bench) -> None:
    """What the wire could not carry is told."""
    lost = (Loss("seed", "dropped", "no such field"),)
    bench.plan("a/one", [replace(BEGUN, losses=lost), UsageReported(Usage(1)), Finished("stop")])
    assert (await bench.asked("a/one"))[1].losses == lost


async def test_the_receipt_follows_a_running_call(bench, answer) -> None:
    """Before the end it tells what must have been used by now, marked as an estimate."""
    bench.plan("a/one", answer("x" * 36))
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as stream:
        for _ in range(3):
            await anext(stream)
        usage = stream.receipt.usage
        assert usage is not None
        assert (usage.output_total, usage.estimated) == (10, True)
        assert stream.receipt.cost_usd == Decimal(usage.input_total + 20) / 1_000_000


async def test_an_unknown_price_makes_the_whole_unknown(bench) -> None:
    """A sum with an unknown part is unknown."""
    bench.catalogue.put(model("a/one"))
    assert (await bench.asked("a/one"))[1].cost_usd is None


async def test_many_at_once_keep_their_accounts_apart(bench) -> None:
    """Concurrent completions each have their own row, receipt and stream."""
    call: CallContext = bench.call()
    answers = await asyncio.gather(*[bench.asked("a/one", call=call) for _ in range(50)])
    assert all(completion.text == "hello" and receipt.attempts == 1 for completion, receipt in answers)
    assert len(bench.ledger.settlements) == 50
    assert bench.a.opened == bench.a.closed == 50
