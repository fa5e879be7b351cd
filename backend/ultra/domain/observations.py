"""Facts about upstream calls that others may want to hear: the health table, metrics, logs."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from ultra.domain.chat import Usage


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


@dataclass(frozen=True, slots=True)
class BreakerMoved:
    """A breaker changed its state; `retry_at` is when an open one will let a probe through."""

    provider: str
    model: str
    at: datetime
    state: Literal["closed", "open", "half_open"]
    reason: str | None
    retry_at: datetime | None


Observation: TypeAlias = CallSettled | BreakerMoved
