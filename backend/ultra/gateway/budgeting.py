"""The skin that keeps budgets: money is set aside before a completion, and what it really cost is written after it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ultra.domain.chat import ChatRequest, Usage
from ultra.domain.errors import QuotaExhausted
from ultra.domain.limits import Budgets, Purse, Purses
from ultra.domain.models import Model
from ultra.domain.ports import CallContext, Catalogue, Completions, Observer
from ultra.domain.pricing import cost
from ultra.domain.receipts import Opening, Receipt
from ultra.gateway.estimating import prompt_bytes
from ultra.gateway.milestones import Milestones
from ultra.gateway.policy import Policy
from ultra.gateway.skin import Skin
from ultra.system import System


class Budgeted:
    """Completions within budgets; keeps the promise `Completions` around another that keeps it.

    The worst case of the dearest candidate is set aside, in the name of this process (`owner`): if it dies, another can
    tell whose it was. A caller without a budget is passed on at once. With one, a
    model whose price nobody knows cannot be asked: its cost could not be kept within anything.
    """

    def __init__(
        self,
        completions: Completions,
        *,
        budgets: Budgets,
        purses: Purses,
        catalogue: Catalogue,
        observer: Observer,
        system: System,
        policy: Policy,
        owner: str,
    ) -> None:
        self._completions = completions
        self._owner = owner
        self._budgets = budgets
        self._purses = purses
        self._catalogue = catalogue
        self._milestones = Milestones(observer=observer, system=system)
        self._system = system
        self._policy = policy

    def open(self, request: ChatRequest, call: CallContext) -> Opening:
        """Ask; entering also raises `QuotaExhausted`, before anybody was asked."""
        return _Budgeted(self, self._completions.open(request, call), request, call)

    async def set_aside(self, request: ChatRequest, call: CallContext) -> "_Reservation | None":
        """Set the worst case aside; returns the reservation, None when the caller has no budget."""
        purses = await self._purses.of(call.principal, call.credential_id)
        if not purses:
            return None
        reservation = f"{self._owner}.{self._system.new_id('res')}"
        amount = self._worst_case(request, call)
        reserving = asyncio.ensure_future(self._budgets.reserve(purses, amount, reservation=reservation))
        try:
            short = await asyncio.shield(reserving)
        except asyncio.CancelledError:
            await asyncio.shield(self._take_back(reserving, reservation))
            raise
        if short is not None:
            raise await self._refusal(short)
        return _Reservation(reservation, purses)

    async def refuse_unpayable(self, wanted: Callable[[], Sequence[ChatRequest]], call: CallContext) -> None:
        """Raise `QuotaExhausted` when, as things stand, not one of these could be set aside; sets nothing aside.

        What is `wanted` is worked out for callers with a budget only.
        """
        purses = await self._purses.of(call.principal, call.credential_id)
        requests = wanted() if purses else ()
        if not requests:
            return
        least = self._least(requests, call)
        for purse in purses:
            if await self._budgets.spent(purse) + least > purse.limit_usd:
                raise await self._refusal(purse)

    def _least(self, requests: Sequence[ChatRequest], call: CallContext) -> Decimal:
        """Return the smallest of the worst cases; raises `QuotaExhausted` where none is known."""
        found: list[Decimal] = []
        for number, request in enumerate(requests, start=1):
            try:
                found.append(self._worst_case(request, call))
            except QuotaExhausted:
                if number == len(requests) and not found:
                    raise
        return min(found)

    async def _refusal(self, short: Purse) -> QuotaExhausted:
        if self._milestones.is_news(short):
            self._milestones.refused(short, used_usd=await self._budgets.spent(short))
        return _used_up(short)

    async def _take_back(self, reserving: asyncio.Future[Purse | None], reservation: str) -> None:
        """Give back what nobody waits for any more; whether it was set aside is known when that has ended."""
        await asyncio.wait({reserving})
        if reserving.exception() is None and reserving.result() is None:
            await self._budgets.settle(reservation, Decimal(0))

    async def settle(
        self, reservation: "_Reservation", receipt: Receipt, request: ChatRequest, call: CallContext
    ) -> None:
        """Write what it cost; where that is unknown, the worst case stands."""
        spent = self._worst_case(request, call) if receipt.cost_usd is None else receipt.cost_usd
        self._milestones.crossed(await self._budgets.settle(reservation.id, spent, purses=reservation.purses))

    def _worst_case(self, request: ChatRequest, call: CallContext) -> Decimal:
        candidates = self._catalogue.candidates(request.model)
        asked: Sequence[Model] = candidates if call.fall_back else candidates[:1]
        costs = {model.id: cost(model.price, self._most(model, request)) for model in asked}
        unknown = [name for name, amount in costs.items() if amount is None]
        if unknown:
            raise QuotaExhausted(
                f"Your budget cannot be kept with {', '.join(unknown)}: nobody knows the price.",
                code="price_unknown",
                hint='An operator can give it in ultra.toml: [prices."provider/model"].',
            )
        return max(amount for amount in costs.values() if amount is not None)

    def _most(self, model: Model, request: ChatRequest) -> Usage:
        prompt = -int(-prompt_bytes(request) // self._policy.bytes_per_token)
        limit = request.max_output_tokens or model.limits.max_output_tokens
        return Usage(input_total=prompt, output_total=limit or self._policy.assumed_output_tokens)


@dataclass(frozen=True, slots=True)
class _Reservation:
    """What is set aside, and out of which purses."""

    id: str
    purses: Sequence[Purse]


class _Budgeted(Skin):
    """One completion within its reservation, which is settled whatever happens, also when the caller leaves."""

    def __init__(self, skin: Budgeted, inner: Opening, request: ChatRequest, call: CallContext) -> None:
        super().__init__(inner)
        self._skin = skin
        self._request = request
        self._call = call
        self._reservation: _Reservation | None = None

    async def _begin(self) -> None:
        self._reservation = await self._skin.set_aside(self._request, self._call)

    async def _end(self) -> None:
        if self._reservation is not None:
            await asyncio.shield(self._skin.settle(self._reservation, self.receipt, self._request, self._call))


def _used_up(purse: Purse) -> QuotaExhausted:
    span = "today" if purse.period == "day" else "this month"
    return QuotaExhausted(
        f"The budget of {purse.limit_usd} USD does not reach for this {span}.",
        code="budget_exceeded",
        hint="Ask for less output with max_tokens, wait for the next period (UTC), or have the budget raised.",
    )
