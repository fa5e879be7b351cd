"""All breakers of a gateway: one per model, and one per provider for a key that is not accepted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from ultra.domain.errors import (
    CircuitOpen,
    Overloaded,
    RateLimited,
    TimedOut,
    UltraError,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.domain.models import Model
from ultra.domain.observations import BreakerMoved
from ultra.domain.ports import Observer
from ultra.gateway.breaker import Breaker, Refusal, State, Ticket
from ultra.gateway.policy import Policy
from ultra.system import System

Outcome: TypeAlias = Literal["ok", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What health shows of a model: its own breaker, or its provider's when that one is not closed."""

    state: State
    reason: str | None = None
    retry_at: datetime | None = None
    scope: Literal["model", "provider"] = "model"


class Breakers:
    """Lets calls through to models, hears how they went, and tells the observer whenever a breaker moves."""

    def __init__(self, *, observer: Observer, system: System, policy: Policy) -> None:
        self._observer = observer
        self._system = system
        self._policy = policy
        self._dice = system.dice()
        self._models: dict[str, _Named] = {}
        self._providers: dict[str, _Named] = {}

    def refusal(self, model: Model) -> UltraError | None:
        """Say why this model may not be asked now, as the error it would be; None when it may."""
        now = self._system.monotonic()
        for named in (self._of_provider(model.provider), self._of_model(model)):
            refusal = named.breaker.refusal(now)
            if refusal is not None:
                return _explained(refusal, model, named.breaker.reason)
        return None

    def admit(self, model: Model, *, deadline: float) -> "Permit":
        """Let one call through to a model that is not refused; `deadline` is the caller's own."""
        return Permit(self, self._of_provider(model.provider), self._of_model(model), deadline)

    def state(self, model_id: str) -> BreakerState:
        """Return what health shows of `provider/provider_model`."""
        provider = self._providers.get(model_id.partition("/")[0])
        if provider is not None and provider.breaker.state != "closed":
            return self._shown(provider.breaker, "provider")
        own = self._models.get(model_id)
        return BreakerState("closed") if own is None else self._shown(own.breaker, "model")

    def close_providers(self) -> None:
        """Let every provider be asked again whose key was not accepted."""
        kept, self._providers = self._providers, {}
        for named in kept.values():
            if named.told != "closed":
                self._observer.notice(
                    BreakerMoved(named.provider, named.model, self._system.now(), "closed", None, None)
                )

    def now(self) -> float:
        """Return the time that all breakers go by."""
        return self._system.monotonic()

    def is_the_vendors_fault(self, error: UltraError | None, *, entered: float, deadline: float) -> bool:
        """Say whether an error counts against the model; a deadline that was hardly a chance to answer does not."""
        if isinstance(error, TimedOut):
            now = self._system.monotonic()
            return now < deadline or now - entered >= self._policy.fair_wait_s
        return isinstance(error, UpstreamFailed | Overloaded)

    def block_until(self, retry_after: float) -> float:
        """Return when a rate-limited model may be asked again."""
        return self._system.monotonic() + min(retry_after, self._policy.block_cap_s)

    def tell(self, named: "_Named") -> None:
        """Tell the observer if this breaker has moved since it was last told."""
        breaker = named.breaker
        if breaker.state == named.told:
            return
        named.told = breaker.state
        shown = self._shown(breaker, "model")
        self._observer.notice(
            BreakerMoved(named.provider, named.model, self._system.now(), shown.state, shown.reason, shown.retry_at)
        )

    def _shown(self, breaker: Breaker, scope: Literal["model", "provider"]) -> BreakerState:
        retry_at = None
        if breaker.retry_at is not None:
            retry_at = self._system.now() + timedelta(seconds=breaker.retry_at - self._system.monotonic())
        return BreakerState(breaker.state, breaker.reason, retry_at, scope)

    def _of_model(self, model: Model) -> "_Named":
        named = self._models.get(model.id)
        if named is None:
            named = self._models[model.id] = _Named(model.provider, model.id, Breaker(self._policy, self._dice))
        return named

    def _of_provider(self, provider: str) -> "_Named":
        named = self._providers.get(provider)
        if named is None:
            breaker = Breaker(self._policy, self._dice)
            named = self._providers[provider] = _Named(provider, f"{provider}/*", breaker)
        return named


_OF_ONE_MODEL = frozenset({"permission_denied", "region_blocked"})
"""What a good key may be refused for one model: it says nothing of the provider's others, and waiting cannot help."""


@dataclass(slots=True)
class _Named:
    """A breaker, under the names the observer knows it by."""

    provider: str
    model: str
    breaker: Breaker
    told: State = "closed"


class Permit:
    """One call that was let through; `end` says how it went, and only the first time counts."""

    __slots__ = (
        "_breakers",
        "_deadline",
        "_entered",
        "_is_ended",
        "_own",
        "_own_ticket",
        "_provider",
        "_provider_ticket",
    )

    def __init__(self, breakers: Breakers, provider: _Named, own: _Named, deadline: float) -> None:
        self._breakers = breakers
        self._provider = provider
        self._own = own
        self._deadline = deadline
        self._is_ended = False
        self._entered = breakers.now()
        self._provider_ticket: Ticket = provider.breaker.enter(self._entered)
        self._own_ticket: Ticket = own.breaker.enter(self._entered)
        self._tell()

    def end(self, outcome: Outcome, error: UltraError | None) -> None:
        """Give the permit back: `ok`, `failed` with its error, or `cancelled` without one."""
        if self._is_ended:
            return
        self._is_ended = True
        now = self._breakers.now()
        if outcome == "ok":
            self._provider.breaker.succeed(self._provider_ticket, now)
            self._own.breaker.succeed(self._own_ticket, now)
        else:
            self._fail(error, now)
        self._tell()

    def _fail(self, error: UltraError | None, now: float) -> None:
        provider, own = self._provider.breaker, self._own.breaker
        if isinstance(error, UpstreamRefusedKey) and error.code not in _OF_ONE_MODEL:
            provider.fail(self._provider_ticket, now, reason=error.kind, at_once=True)
            own.abandon(self._own_ticket)
            return
        provider.abandon(self._provider_ticket)
        if isinstance(error, RateLimited) and error.retry_after is not None:
            own.block(self._own_ticket, self._breakers.block_until(error.retry_after))
        elif error is not None and self._breakers.is_the_vendors_fault(
            error, entered=self._entered, deadline=self._deadline
        ):
            own.fail(self._own_ticket, now, reason=error.kind)
        else:
            own.abandon(self._own_ticket)

    def _tell(self) -> None:
        self._breakers.tell(self._provider)
        self._breakers.tell(self._own)


def _explained(refusal: Refusal, model: Model, reason: str | None) -> UltraError:
    if refusal.reason == "rate_limited":
        return RateLimited(
            f"{model.id} asked to be left alone for a while.",
            retry_after=refusal.retry_after,
            provider=model.provider,
            model=model.id,
        )
    return CircuitOpen(
        f"{model.id} failed too often just now ({reason or 'unknown'}).",
        retry_after=refusal.retry_after,
        provider=model.provider,
        model=model.id,
    )
