"""Which facts are trouble, and when it is over. Pure: facts and times in, alerts out.

Trouble is raised once and is over once, however often its cause is seen in between: what stands is remembered here, for
this worker.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ultra.domain.alerts import Alert, Gravity
from ultra.domain.observations import (
    BreakerMoved,
    BudgetReached,
    ConditionChanged,
    LimitsMoved,
    Observation,
    RequestServed,
    SignInFailed,
)
from ultra.system import System
from ultra.telemetry.alerts.bursts import Recent

WINDOW_S: Final = 300.0
"""Error rate and sign-in bursts look this far back."""

RUNBOOKS: Final[Mapping[str, Gravity]] = {
    "breaker-open": "warning",
    "budget-reached": "warning",
    "condition-failed": "critical",
    "database-down": "critical",
    "disk-space": "critical",
    "error-rate": "critical",
    "limits-degraded": "warning",
    "provider-down": "critical",
    "sign-in-burst": "warning",
}
"""Every kind of alert and how grave it is; each has a page of its name in `docs/runbooks/`."""

_OF_CONDITIONS: Final[Mapping[str, str]] = {
    "database": "database-down",
    "disk": "disk-space",
    "shared_limits": "limits-degraded",
}
"""Conditions whose trouble has a page of its own; the others are `condition-failed`."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on it is trouble: failed sign-ins within the window, and the share of answers that are failures.

    `least_requests` keeps one failure among two requests in the night from being an error rate. It is over at half.
    """

    failed_sign_ins: int = 20
    error_share: float = 0.05
    least_requests: int = 20


class Rules:
    """Turns what is observed into alerts, each at its beginning and at its end."""

    def __init__(self, *, system: System, thresholds: Thresholds | None = None) -> None:
        self._system = system
        self._thresholds = thresholds or Thresholds()
        self._stands: set[tuple[str, str]] = set()
        self._failed_sign_ins = Recent(window_s=WINDOW_S)
        self._requests = Recent(window_s=WINDOW_S)
        self._failures = Recent(window_s=WINDOW_S)

    def hear(self, observation: Observation) -> Iterator[Alert]:
        """Yield what this fact raises or ends."""
        match observation:
            case BreakerMoved():
                yield from self._breaker(observation)
            case ConditionChanged():
                yield from self._condition(observation)
            case LimitsMoved(at=at, degraded=degraded, reason=reason):
                sentence = f"The shared counter is away ({reason}): every worker counts limits by itself."
                yield from self._turn("limits-degraded", "", degraded, sentence, at)
            case BudgetReached(at=at, purse=purse, period=period, percent=percent):
                sentence = f"{purse} has used {percent} % of its budget of this {period}."
                yield Alert("budget-reached", purse, True, sentence, at, RUNBOOKS["budget-reached"], passes=True)
            case SignInFailed():
                self._failed_sign_ins.add(self._system.monotonic())
                yield from self._burst()
            case RequestServed(status=status):
                self._requests.add(now := self._system.monotonic())
                if status >= 500:
                    self._failures.add(now)
                    yield from self._error_rate()

    def look(self) -> Iterator[Alert]:
        """Yield what is over because time has passed; to be asked every few seconds."""
        yield from self._burst()
        yield from self._error_rate()

    def _breaker(self, moved: BreakerMoved) -> Iterator[Alert]:
        is_whole = moved.model.endswith("/*")
        name, subject = ("provider-down", moved.provider) if is_whole else ("breaker-open", moved.model)
        if moved.state != "half_open":  # a probe says nothing yet
            sentence = f"{subject} is left alone after failures in a row ({moved.reason})."
            yield from self._turn(name, subject, moved.state == "open", sentence, moved.at)

    def _condition(self, changed: ConditionChanged) -> Iterator[Alert]:
        kind, _, of = changed.name.partition(":")
        if kind == "provider":
            name, subject = "provider-down", of
        elif kind in _OF_CONDITIONS:
            name, subject = _OF_CONDITIONS[kind], ""
        else:
            name, subject = "condition-failed", changed.name
        is_trouble = changed.after == "fail" or (changed.after == "warn" and kind in _OF_CONDITIONS)
        sentence = changed.reason or f"{changed.name} is not well."
        yield from self._turn(name, subject, is_trouble, sentence, changed.at)

    def _burst(self) -> Iterator[Alert]:
        count = self._failed_sign_ins.count(self._system.monotonic())
        sentence = f"{count} sign-ins failed on one worker within {WINDOW_S / 60:.0f} minutes."
        yield from self._pass("sign-in-burst", count, self._thresholds.failed_sign_ins, sentence)

    def _error_rate(self) -> Iterator[Alert]:
        now = self._system.monotonic()
        failures, requests = self._failures.count(now), self._requests.count(now)
        share = failures / requests if requests >= self._thresholds.least_requests else 0.0
        sentence = f"{failures} of {requests} answers of one worker were failures within {WINDOW_S / 60:.0f} minutes."
        yield from self._pass("error-rate", share, self._thresholds.error_share, sentence)

    def _pass(self, name: str, value: float, threshold: float, sentence: str) -> Iterator[Alert]:
        """Raise at the threshold, end below half of it: what hovers around a line is not news each time."""
        stands = (name, "") in self._stands
        if value >= threshold or (stands and value < threshold / 2):
            yield from self._turn(name, "", value >= threshold, sentence, self._system.now())

    def _turn(self, name: str, subject: str, is_trouble: bool, sentence: str, at: datetime) -> Iterator[Alert]:
        place = (name, subject)
        if is_trouble == (place in self._stands):
            return
        if is_trouble:
            self._stands.add(place)
        else:
            self._stands.discard(place)
        yield Alert(name, subject, is_trouble, sentence if is_trouble else "It is well again.", at, RUNBOOKS[name])
