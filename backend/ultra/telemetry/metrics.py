"""The metrics of one worker: hears what observers hear, and counts.

Label values are bounded, whatever callers send: routes are patterns, methods and statuses are few, models are those
the catalogue lists. No user, key, address or path is ever one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ultra.domain.observations import (
    BreakerMoved,
    BudgetReached,
    CallSettled,
    ConditionChanged,
    CredentialRefused,
    JournalRead,
    LimitsMoved,
    Observation,
    RequestServed,
    RunEnded,
    SignInFailed,
)
from ultra.telemetry import declarations as d
from ultra.telemetry.calls import CallCounts
from ultra.telemetry.families import Family, taken
from ultra.telemetry.labels import Names

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STATUSES: Final = ("left", "1xx", "2xx", "3xx", "4xx", "5xx")
_STATES: Final = ("closed", "open", "half_open")
_CAUSES: Final = ("unknown", "password", "disabled", "link", "throttled")
_HEALTHS: Final = {"pass": 0, "warn": 1, "fail": 2}


class Metrics:
    """Keeps the promise of `Observer` over a registry of its own. `lists` says whether the catalogue lists a model.

    `about` are the labels of `ultra_build_info`. What others know better is read from them when it is asked for: give
    it to `watch`.
    """

    def __init__(self, *, lists: Callable[[str], bool], about: Mapping[str, str]) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._watched = _Watched()
        self.registry.register(self._watched)
        self._process = ProcessCollector(registry=self.registry)
        self._made = {each.name: made(each, self.registry) for each in d.DECLARED if each.name not in _WATCHED}
        self._names = Names(lists=lists)
        self._calls = CallCounts(self._made, self._names)
        self._requests: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._loop_lag = cast("Histogram", self._made[d.LOOP_LAG.name])
        self._journal_lag = cast("Histogram", self._made[d.JOURNAL_LAG.name])
        self._begin_at_nothing()
        self._gauge(d.LIMITS_DEGRADED).set(0)
        self._gauge(d.WORKERS).set(1)
        self._gauge(d.BUILD, *(about[name] for name in d.BUILD.labels)).set(1)
        self._hears: Mapping[type[Observation], Callable[[Any], None]] = {
            RequestServed: self._request_served,
            CallSettled: self._calls.settled,
            BreakerMoved: self._breaker_moved,
            RunEnded: self._run_ended,
            LimitsMoved: lambda moved: self._gauge(d.LIMITS_DEGRADED).set(moved.degraded),
            BudgetReached: lambda it: self._counter(d.BUDGETS, it.period, str(it.percent)).inc(),
            SignInFailed: lambda it: self._counter(d.SIGN_IN_FAILURES, it.cause).inc(),
            CredentialRefused: lambda it: self._counter(d.CREDENTIALS_REFUSED, it.action).inc(),
            JournalRead: lambda it: self._journal_lag.observe(it.lag_s),
            ConditionChanged: lambda it: self._gauge(d.CONDITION, it.name).set(_HEALTHS[it.after]),
        }

    def notice(self, observation: Observation) -> None:
        """Count one fact."""
        self._hears[type(observation)](observation)

    def late(self, seconds: float) -> None:
        """Count how late the event loop woke."""
        self._loop_lag.observe(seconds)

    def watch(self, declared: d.Declared, read: Callable[[], float]) -> None:
        """Have a value read whenever the counts are taken; `read` must be quick. Several are added up."""
        self._watched.sources[declared.name].append(read)

    def taken(self) -> Iterator[Family]:
        """Yield what was counted so far, one family at a time, so that others can have their turn in between.

        Call it where the values that are watched may be read.
        """
        return taken((*self._made.values(), self._watched, self._process))

    def _begin_at_nothing(self) -> None:
        """Make what alerts watch before it happens: a series that begins at 1 has not grown, as Prometheus sees it."""
        for period in ("day", "month"):
            for percent in ("80", "100"):
                self._counter(d.BUDGETS, period, percent)
        for cause in _CAUSES:
            self._counter(d.SIGN_IN_FAILURES, cause)

    def _request_served(self, served: RequestServed) -> None:
        method = served.method if served.method in _METHODS else "other"
        key = served.route, method, served.status // 100
        kept = self._requests.get(key)
        if kept is None:
            kept = self._requests[key] = (
                self._counter(d.REQUESTS, served.route, method, _STATUSES[key[2]]),
                self._histogram(d.REQUEST_SECONDS, served.route, method),
            )
        kept[0].inc()
        kept[1].observe(served.total_s)
        for limit in served.limited:
            self._counter(d.LIMIT_REFUSALS, limit).inc()
        if served.degraded:
            self._counter(d.DEGRADED_DECISIONS).inc()
        if served.test_mode:
            self._counter(d.TEST_MODE).inc()

    def _breaker_moved(self, moved: BreakerMoved) -> None:
        labels = self._names.of(moved.provider, moved.model)
        for state in _STATES:
            self._gauge(d.BREAKER, *labels, state).set(state == moved.state)
        if moved.state == "open":
            self._counter(d.BREAKER_OPENINGS, *labels).inc()

    def _run_ended(self, ended: RunEnded) -> None:
        pattern = self._names.pattern(ended.pattern)
        self._counter(d.RUNS, pattern, self._names.flow(ended.flow), ended.status).inc()
        self._histogram(d.RUN_SECONDS, pattern).observe(ended.total_s)
        self._counter(d.RUN_ASKED, pattern).inc(ended.asked)
        self._counter(d.RUN_ANSWERED, pattern).inc(ended.answered)

    def _counter(self, declared: d.Declared, *labels: str) -> Counter:
        return cast("Counter", self._child(declared, labels))

    def _gauge(self, declared: d.Declared, *labels: str) -> Gauge:
        return cast("Gauge", self._child(declared, labels))

    def _histogram(self, declared: d.Declared, *labels: str) -> Histogram:
        return cast("Histogram", self._child(declared, labels))

    def _child(self, declared: d.Declared, labels: tuple[str, ...]) -> Counter | Gauge | Histogram:
        metric = self._made[declared.name]
        return metric.labels(*labels) if labels else metric


def made(declared: d.Declared, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    """Make what counts a declared metric."""
    given = declared.name, declared.what, declared.labels
    match declared.kind:
        case "counter":
            return Counter(*given, registry=registry)
        case "gauge":
            return Gauge(*given, registry=registry)
        case "histogram":
            return Histogram(*given, registry=registry, buckets=declared.buckets)


_WATCHED: Final = {
    each.name: each
    for each in (
        d.IN_PROGRESS,
        d.RUNS_WAITING,
        d.RUNS_RUNNING,
        d.LEDGER_WAITING,
        d.LEDGER_LOST,
        d.AUDIT_LOST,
        d.ALERTS_LOST,
    )
}


class _Watched(Collector):
    """Values that are read from whoever has them, when they are asked for."""

    def __init__(self) -> None:
        self.sources: dict[str, list[Callable[[], float]]] = {name: [] for name in _WATCHED}

    def collect(self) -> Iterator[Metric]:
        for name, sources in self.sources.items():
            declared = _WATCHED[name]
            kind = CounterMetricFamily if declared.kind == "counter" else GaugeMetricFamily
            yield kind(name, declared.what, value=sum(read() for read in sources))
