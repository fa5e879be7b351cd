"""Nobody spends past a budget: the worst case is set aside before, the truth is written after."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.fakes.budgets import FakeBudgets
from tests.fakes.catalogue import FakeCatalogue, model
from tests.fakes.completions import FakeCompletions, Reply
from tests.fakes.observer import FakeObserver
from tests.fakes.system import FakeSystem
from ultra.domain.chat import ChatRequest, Message, Text
from ultra.domain.completion import gather
from ultra.domain.errors import Overloaded, QuotaExhausted
from ultra.domain.limits import Purse
from ultra.domain.observations import BudgetReached
from ultra.domain.ports import CallContext
from ultra.domain.pricing import Price
from ultra.gateway.budgeting import Budgeted
from ultra.gateway.policy import Policy

DAY = Purse("user:ann", "day", Decimal(1))
KEY = Purse("key:1", "month", Decimal("0.25"))
ASKED = ChatRequest("a/one", (Message("user", (Text("Why?"),)),), max_output_tokens=100_000)
"""At two dollars a million tokens, twenty cents and a little at most."""


class Till:
    """Completions behind budgets; `purses` are those that the caller `ann` pays from."""

    def __init__(self, *purses: Purse) -> None:
        self.system = FakeSystem()
        self.purses = purses
        self.observer = FakeObserver()
        self.budgets = FakeBudgets(system=self.system)
        self.inner = FakeCompletions(system=self.system, default=Reply("Because.", cost_usd=Decimal("0.01")))
        price = Price(input=Decimal(1), output=Decimal(2))
        self.catalogue = FakeCatalogue(
            model("a/one", price=price),
            model("b/dear", price=replace(price, output=Decimal(20))),
            model("c/unknown"),
            lists={"best": ("a/one", "b/dear")},
        )
        self.budgeted = self.keeper()

    def keeper(self) -> Budgeted:
        """Return the skin around the scripted completions."""
        return Budgeted(
            self.inner,
            budgets=self.budgets,
            purses=self,
            catalogue=self.catalogue,
            observer=self.observer,
            system=self.system,
            policy=Policy(),
            owner="worker_1",
        )

    async def of(self, principal: str, credential_id: str | None) -> tuple[Purse, ...]:
        """Keep the promise of `Purses`."""
        assert (principal, credential_id) == ("ann", "key_1")
        return self.purses

    def open(self, request: ChatRequest = ASKED, **call: bool):
        """Ask as ann, with her key."""
        deadline = self.system.monotonic() + 60
        return self.budgeted.open(request, CallContext("ann", "req_1", deadline, credential_id="key_1", **call))

    async def spent(self, purse: Purse = DAY) -> Decimal:
        """Return what was spent and set aside."""
        return await self.budgets.spent(purse)


async def test_the_worst_case_is_aside_while_it_is_asked() -> None:
    """Afterwards it is what it cost."""
    till = Till(DAY, KEY)
    async with till.open() as stream:
        aside = await till.spent()
        assert Decimal("0.2") < aside < Decimal("0.21")
        assert await till.spent(KEY) == aside
        await gather(stream)
    assert await till.spent() == await till.spent(KEY) == Decimal("0.01")
    assert not till.budgets.open


async def test_what_does_not_fit_is_refused_before_anybody_is_asked() -> None:
    """Two at once do not slip by together: the first one's worst case counts."""
    till = Till(DAY, KEY)
    async with till.open():
        with pytest.raises(QuotaExhausted) as refusal:
            async with till.open():
                pytest.fail("this must not begin")
    assert (refusal.value.code, len(till.inner.asked)) == ("budget_exceeded", 1)


async def test_an_unknown_cost_is_the_worst_case() -> None:
    """Who cannot tell what it cost is not believed that it was nothing."""
    till = Till(DAY)
    till.inner.default = Reply("Because.", cost_usd=None)
    async with till.open() as stream:
        aside = await till.spent()
        await gather(stream)
    assert await till.spent() == aside


async def test_a_price_that_nobody_knows_cannot_be_kept_within_anything() -> None:
    """With a budget it is refused; without one it is asked."""
    asked = replace(ASKED, model="c/unknown")
    with pytest.raises(QuotaExhausted) as refusal:
        async with Till(DAY).open(asked):
            pytest.fail("this must not begin")
    assert refusal.value.code == "price_unknown"
    async with Till().open(asked) as stream:
        await gather(stream)


async def test_the_dearest_that_may_answer_counts() -> None:
    """An alias may fall back to a dear model; a panel's call may not."""
    till = Till(replace(DAY, limit_usd=Decimal(1)))
    asked = replace(ASKED, model="best")
    with pytest.raises(QuotaExhausted):
        async with till.open(asked):
            pytest.fail("this must not begin")
    async with till.open(asked, fall_back=False):
        assert await till.spent() < Decimal("0.21")


async def test_a_failure_gives_back_what_it_did_not_cost() -> None:
    """The error goes on and nothing stays aside."""
    till = Till(DAY)
    till.inner.default = Overloaded("Full.")
    with pytest.raises(Overloaded):
        async with till.open():
            pytest.fail("this must not begin")
    assert (await till.spent(), till.budgets.open) == (0, {})


async def test_whoever_leaves_pays_for_what_was_done() -> None:
    """A caller that leaves while it waits leaves nothing aside."""
    till = Till(DAY)
    till.inner.default = Reply("Because.", delay=30.0)
    till.system.jumps = False

    async def ask() -> None:
        async with till.open() as stream:
            await gather(stream)

    task = asyncio.ensure_future(ask())
    await till.system.settled()
    assert await till.spent() > 0
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert not till.budgets.open


class Slow(FakeBudgets):
    """Sets aside as a database does: whoever is cancelled meanwhile does not know whether it happened, and it does."""

    async def reserve(self, purses, amount_usd, *, reservation):
        """Take a while."""
        return await asyncio.shield(self._slowly(purses, amount_usd, reservation))

    async def _slowly(self, purses, amount_usd, reservation):
        await asyncio.sleep(0.01)
        return await super().reserve(purses, amount_usd, reservation=reservation)


async def test_a_cancelled_reservation_is_given_back_at_once() -> None:
    """Whoever leaves while money is set aside leaves nothing aside, also when there was not enough."""
    till = Till(DAY, KEY)
    till.budgets = Slow(system=till.system)
    till.budgeted = till.keeper()
    for _ in range(3):
        tasks = [asyncio.ensure_future(till.open().__aenter__()) for _ in range(3)]
        await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in ends)
        assert (till.budgets.open, await till.spent()) == ({}, 0)
    assert not till.inner.asked


async def test_nothing_is_written_for_who_has_no_budget() -> None:
    """A caller without purses costs the database nothing."""
    till = Till()
    async with till.open() as stream:
        await gather(stream)
        assert not till.budgets.open
    assert not till.budgets.paid


async def test_lines_that_are_crossed_are_told() -> None:
    """The completion that comes to 80 percent says so, once; the one that no longer fits is the end."""
    till = Till(Purse("user:ann", "day", Decimal("0.25")))
    till.inner.default = Reply("Because.", cost_usd=Decimal("0.2"))
    async with till.open() as stream:
        await gather(stream)
    for _ in range(2):
        with pytest.raises(QuotaExhausted):
            async with till.open():
                pass
    assert [each.percent for each in till.observer.noticed if isinstance(each, BudgetReached)] == [80, 100]


async def test_a_refusal_out_of_a_full_purse_is_no_end() -> None:
    """One call that is too large says nothing of the budget."""
    till = Till(Purse("user:ann", "day", Decimal("0.1")))
    with pytest.raises(QuotaExhausted):
        async with till.open():
            pass
    assert not till.observer.noticed


async def test_what_cannot_be_paid_at_all_is_known_before() -> None:
    """The cheapest of several decides, the fullest purse says so, and nothing is set aside by asking."""
    till = Till(DAY, KEY)
    call = CallContext("ann", "req_1", till.system.monotonic() + 60, credential_id="key_1", fall_back=False)
    dear = replace(ASKED, model="b/dear")
    await till.budgeted.refuse_unpayable(lambda: [dear, ASKED], call)
    assert await till.spent() == 0
    with pytest.raises(QuotaExhausted) as refusal:
        await till.budgeted.refuse_unpayable(lambda: [dear], call)
    assert refusal.value.code == "budget_exceeded"
    await till.budgets.reserve([KEY], Decimal("0.2"), reservation="other")
    with pytest.raises(QuotaExhausted):
        await till.budgeted.refuse_unpayable(lambda: [dear, ASKED], call)


async def test_a_price_that_nobody_knows_is_passed_over_beside_one_that_is() -> None:
    """Only where none is known can nothing be paid."""
    till = Till(DAY)
    call = CallContext("ann", "req_1", till.system.monotonic() + 60, credential_id="key_1", fall_back=False)
    unknown = replace(ASKED, model="c/unknown")
    for several in ([unknown, ASKED], [ASKED, unknown]):
        await till.budgeted.refuse_unpayable(lambda: several, call)  # noqa: B023 - it is asked before the next turn
    with pytest.raises(QuotaExhausted) as refusal:
        await till.budgeted.refuse_unpayable(lambda: [unknown], call)
    assert refusal.value.code == "price_unknown"


async def test_nothing_is_worked_out_for_who_has_no_budget() -> None:
    """Such callers' runs are not imagined."""
    call = CallContext("ann", "req_1", 60.0, credential_id="key_1")
    await Till().budgeted.refuse_unpayable(lambda: pytest.fail("this must not be asked"), call)
