"""Who is asked, in which order, and what is told of those who were not."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.catalogue import model
from tests.unit.gateway.completion.half import HALF
from ultra.domain.chat import Tool, Usage
from ultra.domain.completion import Fold, gather
from ultra.domain.errors import (
    AllFailed,
    ContextTooLong,
    InvalidRequest,
    NoneAvailable,
    NotFound,
    Overloaded,
    TimedOut,
    Truncated,
    UltraError,
    Unavailable,
    Upstream,
    UpstreamFailed,
)
from ultra.domain.models import Availability, Capabilities
from ultra.domain.ports import Completions


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


async def test_another_provider_is_asked_from_the_next_call_on(bench, answer) -> None:
    """Replacing providers changes who is asked next; a call that is under way ends with the one it began with."""
    bench.plan("a/one", answer("from before", wait=5.0))
    async with bench.gateway.open(bench.request("a/one"), bench.call()) as stream:
        bench.gateway.replace_providers({"b": bench.b})
        assert (await gather(stream)).text == "from before"
    with pytest.raises(NoneAvailable):
        await bench.ask("a/one")
    assert (await bench.ask("b/one")).text == "hello"


async def test_a_provider_that_goes_between_two_attempts_ends_them(bench) -> None:
    """Nobody is asked who is not configured any more, and the caller hears why."""

    def go(_: object) -> list[UltraError]:
        bench.gateway.replace_providers({})
        return [Overloaded("x")]

    bench.scripts["a/one"] = go
    with pytest.raises(Unavailable, match="not set up"):
        await bench.ask("a/one")
    assert bench.a.opened == 1
