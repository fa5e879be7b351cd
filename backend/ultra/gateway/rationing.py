"""The skin that keeps tokens a minute: the most a completion may use is counted before, what it did use stays counted.

Every completion passes here, those of runs too, each counted for its user and for the key it is made with.
"""

from collections.abc import Sequence

from ultra.domain.chat import ChatRequest
from ultra.domain.errors import RateLimited
from ultra.domain.limits import Charge, Limiter, Rations, whole
from ultra.domain.ports import CallContext, Completions
from ultra.domain.receipts import Opening, Receipt
from ultra.gateway.estimating import expected_tokens
from ultra.gateway.skin import Skin


class Rationed:
    """Completions within tokens a minute; keeps the promise `Completions` around another that keeps it."""

    def __init__(self, completions: Completions, *, rations: Rations, limiter: Limiter) -> None:
        self._completions = completions
        self._rations = rations
        self._limiter = limiter

    def open(self, request: ChatRequest, call: CallContext) -> Opening:
        """Ask; entering also raises `RateLimited`, before anybody was asked."""
        return _Rationed(self, self._completions.open(request, call), request, call)

    async def count(self, request: ChatRequest, call: CallContext) -> Sequence[Charge]:
        """Count the most a request may use; returns what was charged, nothing where nothing is bounded."""
        charges = await self._rations.of(call.principal, call.credential_id, expected_tokens(request))
        if not charges:
            return ()
        decision = await self._limiter.charge(charges)
        if not decision.allowed:
            raise RateLimited(
                "Too many tokens a minute.",
                retry_after=decision.retry_after_s,
                hint="Wait, send a shorter prompt, or ask for less output with max_tokens.",
                violated=decision.violated,
            )
        return charges

    async def put_right(self, charges: Sequence[Charge], receipt: Receipt) -> None:
        """Count what was used in place of what was expected, also when the caller leaves meanwhile."""
        usage = receipt.usage
        actual = 0 if usage is None else usage.input_total + usage.output_total
        await whole(self._correct(charges, actual), by=self._limiter)

    async def _correct(self, charges: Sequence[Charge], actual: int) -> None:
        for charge in charges:
            await self._limiter.correct(charge, actual)


class _Rationed(Skin):
    """One completion within its ration, which is put right whatever happens, also when the caller leaves."""

    def __init__(self, skin: Rationed, inner: Opening, request: ChatRequest, call: CallContext) -> None:
        super().__init__(inner)
        self._skin = skin
        self._request = request
        self._call = call
        self._charges: Sequence[Charge] = ()

    async def _begin(self) -> None:
        self._charges = await self._skin.count(self._request, self._call)

    async def _end(self) -> None:
        if self._charges:
            await self._skin.put_right(self._charges, self.receipt)
