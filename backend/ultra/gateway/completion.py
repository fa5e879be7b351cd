"""One completion: an onion of skins, each with one concern, each closing what it opened.

    open          an account for the completion
    _routed       candidates in order; the next one only before the first event
    _attempted    the breaker's permission, retries
    _metered      the ledger, the deadline
    provider.open

Tokens a minute (`rationing`) and budgets (`budgeting`) lie around it: both see the request once, whatever it takes to
answer it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType

from ultra.domain.chat import ChatRequest
from ultra.domain.errors import UltraError
from ultra.domain.models import Model
from ultra.domain.ports import CallContext, Catalogue, Ledger, Observer, Provider
from ultra.domain.receipts import CompletionStream, Opening, Receipt
from ultra.gateway import fitness, retrying, routing
from ultra.gateway.account import Account
from ultra.gateway.breakers import Breakers
from ultra.gateway.deadline import Deadline, passed
from ultra.gateway.metering import Meter, Till
from ultra.gateway.policy import Policy
from ultra.gateway.upstream import UpstreamCall
from ultra.system import System


class Gateway:
    """Keeps the `Completions` promise over real providers. One per process: it holds the breakers and retry budgets."""

    def __init__(
        self,
        *,
        providers: Mapping[str, Provider],
        catalogue: Catalogue,
        ledger: Ledger,
        observer: Observer,
        system: System,
        policy: Policy,
    ) -> None:
        self.breakers = Breakers(observer=observer, system=system, policy=policy)
        self._providers = providers
        self._catalogue = catalogue
        self._till = Till(ledger, observer, system, policy)
        self._system = system
        self._policy = policy
        self._dice = system.dice()
        self._retries: dict[str, retrying.RetryBudget] = {}

    def replace_providers(self, providers: Mapping[str, Provider]) -> None:
        """Ask others from now on; calls under way stay with those they began with.

        A provider that refused its key is asked again: it may have another one now.
        """
        self._providers = providers
        self.breakers.close_providers()

    def open(self, request: ChatRequest, call: CallContext) -> Opening:
        """Ask; `request.model` may be an alias.

        Entering raises `NotFound`, `InvalidRequest` (before anything is spent), `NoneAvailable` (nobody could be
        asked), `TimedOut`, the one candidate's own error, or `AllFailed`.
        """
        return _Completion(self._routed, request, call, Account(request.losses))

    async def _routed(self, request: ChatRequest, call: CallContext, account: Account) -> UpstreamCall:
        candidates = self._catalogue.candidates(request.model)
        if not call.fall_back:
            candidates = candidates[:1]
        for index, model in enumerate(candidates):
            hindrance = self._hindrance(model, request)
            if hindrance is not None:
                account.skipped(model, hindrance)
                continue
            others = candidates[index + 1 :]
            try:
                return await self._attempted(model, others, request, call, account)
            except UltraError as error:
                account.failed(model, error)
                if not error.falls_back or self._system.monotonic() >= call.deadline:
                    raise
        raise routing.exhausted(request.model, account.obstacles)

    def _hindrance(self, model: Model, request: ChatRequest) -> UltraError | None:
        """Say why this candidate may not be asked, without asking anybody."""
        if model.kind == "upstream" and model.provider not in self._providers:
            return routing.unserved(model)
        return (
            fitness.misfit(model, request)
            or routing.unusable(model, now=self._system.now(), policy=self._policy)
            or self.breakers.refusal(model)
        )

    async def _attempted(
        self, model: Model, others: Sequence[Model], request: ChatRequest, call: CallContext, account: Account
    ) -> UpstreamCall:
        budget = self._retries.get(model.id)
        if budget is None:
            budget = self._retries[model.id] = retrying.RetryBudget(self._policy)
        budget.called(self._system.monotonic())
        attempt = 1
        while True:
            try:
                return await self._metered(model, request, call, account, attempt).__aenter__()
            except UltraError as error:
                wait = self._wait(error, attempt, others, request, call)
                if wait is None or not budget.take(self._system.monotonic()):
                    raise
                last = error
            await self._system.sleep(wait)
            if self.breakers.refusal(model) is not None:
                raise last
            attempt += 1

    def _wait(
        self,
        error: UltraError,
        attempt: int,
        others: Sequence[Model],
        request: ChatRequest,
        call: CallContext,
    ) -> float | None:
        """Return the seconds until this model is asked again, or None to leave it."""
        wait = retrying.delay(
            error,
            attempt,
            now=self._system.monotonic(),
            deadline=call.deadline,
            dice=self._dice,
            policy=self._policy,
        )
        if wait is None or wait <= self._policy.patience_s:
            return wait
        return None if any(self._hindrance(other, request) is None for other in others) else wait

    def _metered(
        self, model: Model, request: ChatRequest, call: CallContext, account: Account, attempt: int
    ) -> UpstreamCall:
        if self._system.monotonic() >= call.deadline:
            raise passed()
        provider = self._providers.get(model.provider)
        if provider is None:  # it went while this completion waited for its next attempt
            raise routing.unserved(model)
        asked = replace(request, model=model.provider_model)
        permit = self.breakers.admit(model, deadline=call.deadline)
        try:
            meter = Meter(self._till, model, asked, call, attempt=attempt, place=account.calls + 1)
        except BaseException:
            permit.end("cancelled", None)
            raise
        account.called(model, meter)
        return UpstreamCall(
            lambda: provider.open(asked, deadline=call.deadline),
            model=model,
            meter=meter,
            permit=permit,
            account=account,
            deadline=Deadline(call.deadline, self._system),
        )


class _Completion:
    """What `open` returns: the outermost skin, with the account that outlives a failure.

    The skins inside are plain coroutines that return the call entered, not context managers of their own: a call that
    does not come about has closed itself, and of the one that does, only this one has to let go.
    """

    __slots__ = ("_account", "_call", "_request", "_routed", "_upstream")

    def __init__(
        self,
        routed: Callable[[ChatRequest, CallContext, Account], Awaitable[UpstreamCall]],
        request: ChatRequest,
        call: CallContext,
        account: Account,
    ) -> None:
        self._routed = routed
        self._request = request
        self._call = call
        self._account = account
        self._upstream: UpstreamCall | None = None

    async def __aenter__(self) -> CompletionStream:
        self._upstream = await self._routed(self._request, self._call, self._account)
        return self._upstream

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        if self._upstream is not None:
            await self._upstream.__aexit__(kind, error, trace)
        return None

    @property
    def receipt(self) -> Receipt:
        """What is known so far, also after entering has failed."""
        return self._account.receipt()
