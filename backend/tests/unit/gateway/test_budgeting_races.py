"""Whenever callers come and leave, nobody spends past a budget and nothing stays aside."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import example, given, settings, strategies

from tests.fakes.budgets import FakeBudgets
from tests.fakes.catalogue import FakeCatalogue, model
from tests.fakes.completions import FakeCompletions, Reply
from tests.fakes.observer import FakeObserver
from tests.fakes.system import FakeSystem
from ultra.domain.chat import ChatRequest, Message, Text
from ultra.domain.completion import gather
from ultra.domain.errors import QuotaExhausted
from ultra.domain.limits import Purse, Reached
from ultra.domain.ports import CallContext
from ultra.domain.pricing import Price
from ultra.gateway.budgeting import Budgeted
from ultra.gateway.policy import Policy

DAY = Purse("user:ann", "day", Decimal(1))
WORST = Decimal("0.2")
"""What one call may cost at most: a hundred thousand tokens at two dollars a million; the prompt costs nothing."""
ASKED = ChatRequest("a/one", (Message("user", (Text("Why?"),)),), max_output_tokens=100_000)


@dataclass(frozen=True)
class Visit:
    """A caller: after how many turns of the loop it comes, after how many it leaves, what its call really costs."""

    comes: int
    leaves: int
    cost: Decimal


VISITS = strategies.lists(
    strategies.builds(
        Visit,
        strategies.integers(0, 8),
        strategies.integers(0, 30),
        strategies.sampled_from([Decimal(0), WORST / 7, WORST]),
    ),
    min_size=1,
    max_size=12,
)


class Watched(FakeBudgets):
    """Takes turns of the loop like a database, goes on when its caller is cancelled, and looks after every step."""

    most = Decimal(0)

    async def reserve(self, purses: Sequence[Purse], amount_usd: Decimal, *, reservation: str) -> Purse | None:
        """Set aside, some turns later."""
        return await asyncio.shield(self._later(super().reserve(purses, amount_usd, reservation=reservation)))

    async def settle(
        self, reservation: str, spent_usd: Decimal, *, purses: Sequence[Purse] = ()
    ) -> tuple[Reached, ...]:
        """Settle, some turns later."""
        return await asyncio.shield(self._later(super().settle(reservation, spent_usd, purses=purses)))

    async def _later(self, step):
        for _ in range(3):
            await asyncio.sleep(0)
        result = await step
        self.most = max(self.most, await self.spent(DAY))
        return result


class House:
    """Completions whose vendor takes some turns and asks what each visit says."""

    def __init__(self) -> None:
        self.system = FakeSystem(jumps=False)
        self.budgets = Watched(system=self.system)
        price = Price(input=Decimal(0), output=Decimal(2))
        self.inner = FakeCompletions(system=self.system)
        self.budgeted = Budgeted(
            self.inner,
            budgets=self.budgets,
            purses=self,
            catalogue=FakeCatalogue(model("a/one", price=price)),
            observer=FakeObserver(),
            system=self.system,
            policy=Policy(),
            owner="worker_1",
        )
        self.billed = Decimal(0)

    async def of(self, principal: str, credential_id: str | None) -> tuple[Purse, ...]:
        """Keep the promise of `Purses`."""
        del principal, credential_id
        return (DAY,)

    async def visit(self, visit: Visit) -> None:
        """Come, ask and perhaps leave early."""
        for _ in range(visit.comes):
            await asyncio.sleep(0)
        asking = asyncio.ensure_future(self._ask(visit))
        for _ in range(visit.leaves):
            await asyncio.sleep(0)
        asking.cancel()
        with suppress(asyncio.CancelledError, QuotaExhausted):
            await asking

    async def _ask(self, visit: Visit) -> None:
        call = CallContext("ann", "req_1", self.system.monotonic() + 60)
        self.inner.default = Reply("Because.", cost_usd=visit.cost)
        async with self.budgeted.open(ASKED, call) as stream:
            self.billed += stream.receipt.cost_usd or Decimal(0)
            for _ in range(4):
                await asyncio.sleep(0)
            await gather(stream)


@given(visits=VISITS)
@example(visits=[Visit(0, 14, Decimal(0))])
@settings(deadline=None)
async def test_no_order_of_coming_and_leaving_exceeds_a_budget(visits: list[Visit]) -> None:
    """What is spent and aside never passes the limit; in the end nothing is aside, and what was paid is the bill."""
    house = House()
    await asyncio.gather(*(house.visit(each) for each in visits))
    for _ in range(10):  # whoever left while it was settled did not wait for that
        await asyncio.sleep(0)
    assert house.budgets.open == {}
    assert house.budgets.most <= DAY.limit_usd
    assert await house.budgets.spent(DAY) == house.billed
