"""The health table: hears how calls end and how breakers move, and says whether a model can be asked now."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias, get_args

from ultra.domain.models import Availability, Latency, Reason, State
from ultra.domain.observations import BreakerMoved, CallSettled, Observation
from ultra.inventory.latency import Sample, Window
from ultra.system import System

_Finding: TypeAlias = tuple[State, Reason]

FINDINGS: Final[Mapping[str, _Finding]] = {
    "rate_limited": ("rate_limited", "rate_limited"),
    "quota_exhausted": ("unavailable", "quota_exhausted"),
    "upstream_refused_key": ("unavailable", "auth_failed"),
    "not_found": ("unavailable", "model_not_found"),
    "overloaded": ("degraded", "overloaded"),
    "unavailable": ("degraded", "overloaded"),
    "timed_out": ("degraded", "timeout"),
    "network_failed": ("degraded", "network"),
    "upstream_failed": ("degraded", "server_error"),
    "protocol_violated": ("degraded", "protocol_error"),
    "truncated": ("degraded", "protocol_error"),
}
"""What an error of a call says of the model. A kind that is not here is the caller's own fault and says nothing."""

KEY_REASONS: Final[frozenset[Reason]] = frozenset({"no_api_key", "auth_failed"})
"""Reasons that hold for every model of the provider."""

_REASONS: Final[frozenset[str]] = frozenset(get_args(Reason))
_MOST_MODELS: Final = 2000
_LONGEST_DETAIL: Final = 300
_LONGEST_WAIT: Final = timedelta(minutes=10)
"""A skewed clock of a vendor must not shut a model out for longer."""


def find(kind: str, code: str | None) -> _Finding | None:
    """Return what an error says of the model: state by its kind, reason by its code where that says more."""
    finding = FINDINGS.get(kind)
    if finding is None or code not in _REASONS:
        return finding
    return finding[0], code  # type: ignore[return-value]  # narrowed by membership just above


@dataclass(slots=True)
class _Record:
    window: Window
    verdict: Availability | None = None
    breaker: BreakerMoved | None = None


class Health:
    """Keeps one record a model and one a provider, in memory, for at most 2000 of the most recently asked.

    A bad finding fades: after `fade_s` without news it counts as unknown, so that nothing is shut out for ever.
    `window_s` and `minimum` are those of the latency figures.
    """

    def __init__(self, *, system: System, window_s: int = 3600, minimum: int = 5, fade_s: float = 300) -> None:
        self._system = system
        self._window_s = window_s
        self._minimum = minimum
        self._fade = timedelta(seconds=fade_s)
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def notice(self, observation: Observation) -> None:
        """Take one fact."""
        match observation:
            case CallSettled():
                self._settle(observation)
            case BreakerMoved():
                record = self._record(observation.model)
                record.breaker = None if observation.state == "closed" else observation
                if observation.state == "closed" and observation.model.endswith("/*"):
                    record.verdict = None

    def availability(self, model_id: str) -> Availability | None:
        """Return what own calls say of a model now, its provider's trouble included; None when they say nothing."""
        return next(iter(self.findings(model_id)), None)

    def findings(self, model_id: str) -> tuple[Availability, ...]:
        """Return all that own calls say of a model now, the weightiest first: its provider's trouble, then its own."""
        whole = self.provider(model_id.partition("/")[0])
        own = self._read(self._records.get(model_id))
        return tuple(each for each in (whole, own) if each is not None and (each is own or each.state != "available"))

    def provider(self, name: str) -> Availability | None:
        """Return what own calls say of a provider as a whole; None when they say nothing."""
        return self._read(self._records.get(f"{name}/*"))

    def latency(self, model_id: str) -> Latency | None:
        """Return the figures of the rolling window; None when the model was never asked."""
        record = self._records.get(model_id)
        return None if record is None else record.window.summary(self._system.monotonic())

    def _settle(self, call: CallSettled) -> None:
        if call.outcome == "ok":
            self._succeed(call)
            return
        if call.outcome == "cancelled":
            return
        finding = find(call.error_kind or "", call.error_code)
        if finding is None:
            return
        record = self._record(call.model)
        record.window.add(Sample(self._system.monotonic(), False, None, call.total_s, None))
        whose = self._record(f"{call.provider}/*") if finding[1] in KEY_REASONS else record
        retry_at = None if call.retry_after is None else call.at + timedelta(seconds=call.retry_after)
        detail = None if call.error_detail is None else call.error_detail[:_LONGEST_DETAIL]
        _judge(whose, Availability(finding[0], finding[1], detail, call.at, call.at, "passive", retry_at))

    def _succeed(self, call: CallSettled) -> None:
        record = self._record(call.model)
        speed = None
        if call.usage is not None and call.first_token_s is not None and call.total_s > call.first_token_s:
            speed = call.usage.output_total / (call.total_s - call.first_token_s)
        record.window.add(Sample(self._system.monotonic(), True, call.first_token_s, call.total_s, speed))
        known = record.verdict
        since = known.since if known is not None and known.state == "available" else call.at
        record.verdict = Availability("available", None, None, since, call.at, "passive")
        whole = self._records.get(f"{call.provider}/*")
        if whole is not None:
            whole.verdict = None

    def _read(self, record: _Record | None) -> Availability | None:
        if record is None:
            return None
        if record.breaker is not None:
            return _of_breaker(record.breaker, record.verdict, self._system.now())
        verdict = record.verdict
        if verdict is None or verdict.checked_at is None or verdict.state == "available":
            return verdict
        until = verdict.checked_at + self._fade
        if verdict.retry_at is not None:
            until = min(verdict.retry_at, verdict.checked_at + _LONGEST_WAIT)
        return verdict if self._system.now() < until else None

    def _record(self, name: str) -> _Record:
        record = self._records.get(name)
        if record is None:
            record = self._records[name] = _Record(Window(seconds=self._window_s, minimum=self._minimum))
            if len(self._records) > _MOST_MODELS:
                self._records.popitem(last=False)
        self._records.move_to_end(name)
        return record


def _judge(record: _Record, found: Availability) -> None:
    """Put a finding in force; `since` stays when nothing changed."""
    known = record.verdict
    is_same = known is not None and (known.state, known.reason) == (found.state, found.reason)
    record.verdict = replace(found, since=known.since) if is_same and known is not None else found


def _of_breaker(moved: BreakerMoved, verdict: Availability | None, now: datetime) -> Availability:
    """Shut the model out while its breaker is open, until its time has come; then one probe may go through."""
    finding = find(moved.reason or "", None)
    lasting = finding if finding is not None and finding[0] in ("rate_limited", "unavailable") else None
    state, reason = lasting or ("unavailable", "circuit_open")
    if moved.state == "half_open" or (moved.retry_at is not None and now >= moved.retry_at):
        state = "degraded"
    detail = verdict.detail if verdict is not None and verdict.state != "available" else None
    return Availability(state, reason, detail, moved.at, moved.at, "passive", moved.retry_at)
