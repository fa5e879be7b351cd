"""What the caller is told of a completion besides its text."""

import asyncio
from dataclasses import replace
from decimal import Decimal

from tests.fakes.catalogue import model
from tests.unit.gateway.completion.half import BEGUN
from ultra.domain.chat import Finished, Loss, Usage, UsageReported
from ultra.domain.ports import CallContext


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
