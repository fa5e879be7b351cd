"""Counts calls to providers: for each model everything is at hand, so that one call costs a few microseconds."""

from collections.abc import Mapping
from typing import Any, Final, cast

from prometheus_client import Counter, Gauge, Histogram

from ultra.domain.chat import Usage
from ultra.domain.observations import CallSettled
from ultra.telemetry import declarations as d
from ultra.telemetry.labels import Names

_KINDS: Final = ("input", "output", "cache_read", "cache_write", "reasoning")


class CallCounts:
    """What was called, how it went, how long it took, how many tokens and how much money it was."""

    def __init__(self, made: Mapping[str, Counter | Gauge | Histogram], names: Names) -> None:
        self._made = made
        self._names = names
        self._models: dict[tuple[str, str], _Counts] = {}

    def settled(self, call: CallSettled) -> None:
        """Count a call that ended."""
        labels = self._names.of(call.provider, call.model)
        counts = self._models.get(labels)
        if counts is None:
            counts = self._models[labels] = _Counts(self._made, labels)
        counts.settled(call)


class _Counts:
    """The counts of one model; each is made when it is first needed."""

    def __init__(self, made: Mapping[str, Counter | Gauge | Histogram], labels: tuple[str, str]) -> None:
        self._made = made
        self._labels = labels
        for outcome in ("ok", "failed", "cancelled"):  # made now: what begins at 1 has not grown, as Prometheus sees it
            self._child(d.CALLS, outcome)
        self._outcomes: dict[str, tuple[Counter, Histogram]] = {}
        self._first = cast("Histogram", self._child(d.FIRST_TOKEN_SECONDS))
        self._tokens = [cast("Counter", self._child(d.TOKENS, kind)) for kind in _KINDS]
        self._cost = cast("Counter", self._child(d.COST))

    def settled(self, call: CallSettled) -> None:
        outcome = self._outcomes.get(call.outcome)
        if outcome is None:
            outcome = self._outcomes[call.outcome] = (
                cast("Counter", self._child(d.CALLS, call.outcome)),
                cast("Histogram", self._child(d.CALL_SECONDS, call.outcome)),
            )
        outcome[0].inc()
        outcome[1].observe(call.total_s)
        if call.first_token_s is not None:
            self._first.observe(call.first_token_s)
        if call.usage is not None:
            self._count_tokens(call.usage)
        if call.cost_usd is None:
            self._child(d.UNPRICED).inc()
        elif call.cost_usd:
            self._cost.inc(float(call.cost_usd))
        if call.attempt > 1:
            self._child(d.RETRIES).inc()
        if call.outcome == "failed":
            self._child(d.CALL_FAILURES, call.error_kind or "unknown").inc()

    def _count_tokens(self, usage: Usage) -> None:
        written = usage.cache_write_5m + usage.cache_write_1h
        amounts = usage.input_total, usage.output_total, usage.input_cached, written, usage.output_reasoning
        for counter, amount in zip(self._tokens, amounts, strict=True):
            if amount:
                counter.inc(amount)

    def _child(self, declared: d.Declared, *more: str) -> Any:
        return self._made[declared.name].labels(*self._labels, *more)
