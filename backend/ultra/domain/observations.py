"""Facts that others may want to hear, told once where they happen: to the health table, metrics, alerts, traces."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from ultra.domain.chat import Usage
from ultra.domain.findings import Health


@dataclass(frozen=True, slots=True)
class CallSettled:
    """One upstream call ended, well or not. `model` is `provider/provider_model`; times in seconds."""

    provider: str
    model: str
    at: datetime
    outcome: Literal["ok", "failed", "cancelled"]
    error_kind: str | None
    error_detail: str | None
    retry_after: float | None
    first_token_s: float | None
    total_s: float
    usage: Usage | None
    cost_usd: Decimal | None
    error_code: str | None = None
    """The error's `code`: says more than its kind (`dns`, `no_api_key`, `region_blocked`)."""
    attempt: int = 1
    """Which try of the same completion it was; above 1 it was a retry or another candidate."""


@dataclass(frozen=True, slots=True)
class BreakerMoved:
    """A breaker changed its state; `retry_at` is when an open one will let a probe through."""

    provider: str
    model: str
    at: datetime
    state: Literal["closed", "open", "half_open"]
    reason: str | None
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run came to its end on this worker. `status` is one of a run's statuses; `total_s` in seconds."""

    at: datetime
    pattern: str
    flow: str
    status: str
    asked: int
    answered: int
    total_s: float


@dataclass(frozen=True, slots=True)
class LimitsMoved:
    """Limits are counted by each worker alone (`degraded`) because the shared counter is away, or shared again."""

    at: datetime
    degraded: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class BudgetReached:
    """A purse has been used up to 80 or 100 percent of its limit in its period; `purse` is `user:ID` or `key:ID`."""

    at: datetime
    purse: str
    period: Literal["day", "month"]
    percent: Literal[80, 100]


@dataclass(frozen=True, slots=True)
class SignInFailed:
    """Somebody could not sign in; nothing about who it was."""

    at: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class RequestServed:
    """One HTTP request ended. `route` is the route's own pattern, never the path; `status` 0 is a client that left."""

    at: datetime
    method: str
    route: str
    status: int
    total_s: float
    limited: tuple[str, ...] = ()
    """The names of Ultra's own limits that refused it."""
    degraded: bool = False
    """Its limits were counted by this worker alone."""
    test_mode: bool = False
    """It brought an `X-Test-Mode` that is not honoured here."""


@dataclass(frozen=True, slots=True)
class CredentialRefused:
    """A credential was not accepted, or not for this; `action` is the audit's word for it."""

    at: datetime
    action: str
    cause: str


@dataclass(frozen=True, slots=True)
class JournalRead:
    """Whoever follows a run got its next events, `lag_s` seconds after the first of them was written."""

    at: datetime
    lag_s: float


@dataclass(frozen=True, slots=True)
class ConditionChanged:
    """A part of this server changed its health; `reason` says why it is not `pass`."""

    at: datetime
    name: str
    before: Health | None
    after: Health
    reason: str | None


Observation: TypeAlias = (
    CallSettled
    | BreakerMoved
    | RunEnded
    | LimitsMoved
    | BudgetReached
    | SignInFailed
    | CredentialRefused
    | RequestServed
    | JournalRead
    | ConditionChanged
)
