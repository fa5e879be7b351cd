"""What one upstream call costs: reserved before, settled after, told once to the ledger and to the observer."""

from dataclasses import dataclass, replace
from decimal import Decimal

from ultra.domain.chat import ChatRequest, Delta, Event, Started, Usage, UsageReported
from ultra.domain.errors import ProtocolViolated, TimedOut, Truncated, UltraError
from ultra.domain.models import Model
from ultra.domain.observations import CallSettled
from ultra.domain.ports import CallContext, Ledger, LedgerEntry, Observer, Settlement
from ultra.domain.pricing import cost
from ultra.gateway.breakers import Outcome
from ultra.gateway.estimating import byte_length, prompt_bytes
from ultra.gateway.policy import Policy
from ultra.system import System


@dataclass(frozen=True, slots=True)
class Till:
    """Where accounts are kept: the ledger and the observer, with the clock and the numbers to keep them by."""

    ledger: Ledger
    observer: Observer
    system: System
    policy: Policy


class Meter:
    """One upstream call. It hears every event and is settled exactly once, without waiting for anything.

    What the vendor reported counts; where it reported nothing, or the call broke off before the last report, tokens
    are estimated from bytes and marked so. A call the vendor turned away before it began costs nothing.
    """

    __slots__ = (
        "_attempt", "_began", "_entry_id", "_first_token_at", "_has_events", "_model", "_output_bytes",
        "_prompt_tokens", "_reported", "_till", "_upstream_id", "cost_usd", "is_settled", "usage",
    )  # fmt: skip

    def __init__(
        self, till: Till, model: Model, request: ChatRequest, call: CallContext, *, attempt: int, place: int = 1
    ) -> None:
        """`attempt` counts how often this model was asked, `place` all calls of the completion, this one included."""
        self._till = till
        self._attempt = place
        self._model = model
        self._began = till.system.monotonic()
        self._entry_id = till.system.new_id("call")
        self._prompt_tokens = self._tokens(prompt_bytes(request))
        self._output_bytes = 0
        self._first_token_at: float | None = None
        self._has_events = False
        self._upstream_id: str | None = None
        self._reported: Usage | None = None
        self.is_settled = False
        self.usage: Usage | None = None
        self.cost_usd: Decimal | None = None
        till.ledger.reserve(
            LedgerEntry(
                id=self._entry_id,
                at=till.system.now(),
                principal=call.principal,
                request_id=call.request_id,
                run_id=call.run_id,
                stage=call.stage,
                provider=model.provider,
                model=model.id,
                attempt=attempt,
                reserved_usd=cost(model.price, self._worst_case(request)),
                possible_double_charge=call.possible_double_charge,
                credential_id=call.credential_id,
            )
        )

    def hear(self, event: Event) -> None:
        """Take the next event."""
        kind = type(event)
        if kind is Delta:
            if self._first_token_at is None:
                self._first_token_at = self._till.system.monotonic()
            self._output_bytes += byte_length(event.text)  # type: ignore[union-attr]  # `kind` says so, cheaper than isinstance
            return
        self._has_events = True
        if isinstance(event, UsageReported):
            self._reported = event.usage
        elif isinstance(event, Started):
            self._upstream_id = event.id

    def settle(self, outcome: Outcome, error: UltraError | None = None, *, kind: str | None = None) -> None:
        """Write down how the call ended; `kind` names an error that is none of ours. Only the first time counts."""
        if self.is_settled:
            return
        self.is_settled = True
        self.usage = self._final_usage(outcome, error)
        self.cost_usd = Decimal(0) if self.usage is None else cost(self._model.price, self.usage)
        till, now, at = self._till, self._till.system.monotonic(), self._till.system.now()
        kind = error.kind if error is not None else kind
        first = None if self._first_token_at is None else self._first_token_at - self._began
        upstream_id = self._upstream_id
        if error is not None and error.upstream is not None:
            upstream_id = error.upstream.request_id or upstream_id
        till.ledger.settle(
            Settlement(
                self._entry_id, at, outcome, kind, upstream_id, self.usage, self.cost_usd, first, now - self._began
            )
        )
        till.observer.notice(
            CallSettled(
                provider=self._model.provider,
                model=self._model.id,
                at=at,
                outcome=outcome,
                error_kind=kind,
                error_code=None if error is None else error.code,
                error_detail=None if error is None else error.message,
                retry_after=None if error is None else error.retry_after,
                first_token_s=first,
                total_s=now - self._began,
                usage=self.usage,
                cost_usd=self.cost_usd,
                attempt=self._attempt,
            )
        )

    @property
    def usage_so_far(self) -> Usage:
        """The vendor's last report, raised to what must have been used by now."""
        counted = Usage(input_total=self._prompt_tokens, output_total=self._tokens(self._output_bytes), estimated=True)
        told = self._reported
        if told is None:
            return counted
        return replace(
            told,
            input_total=told.input_total or counted.input_total,
            output_total=max(told.output_total, counted.output_total),
            estimated=True,
        )

    def _final_usage(self, outcome: Outcome, error: UltraError | None) -> Usage | None:
        if outcome == "ok" and self._reported is not None:
            return self._reported
        if outcome == "failed" and not self._has_events and not _may_have_begun(error):
            return None
        return self.usage_so_far

    def _worst_case(self, request: ChatRequest) -> Usage:
        most = request.max_output_tokens or self._model.limits.max_output_tokens
        output = self._till.policy.assumed_output_tokens if most is None else most
        return Usage(input_total=self._prompt_tokens, output_total=output, estimated=True)

    def _tokens(self, size: int) -> int:
        return -int(-size // self._till.policy.bytes_per_token)


def _may_have_begun(error: UltraError | None) -> bool:
    """Could the vendor have begun to work, and to charge, before this error?"""
    if error is None:
        return True
    if error.upstream is not None:
        return error.upstream.started
    return isinstance(error, TimedOut | Truncated | ProtocolViolated)
