"""Observations as tests need them, with a word for what is not the usual."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ultra.domain.chat import Usage
from ultra.domain.observations import CallSettled, RequestServed

AT = datetime(2026, 1, 2, tzinfo=UTC)


def served(**changes: Any) -> RequestServed:
    """Return a request that went well."""
    usual: dict[str, Any] = {"at": AT, "method": "GET", "route": "/v1/models", "status": 200, "total_s": 0.02}
    return RequestServed(**usual | changes)


def call(**changes: Any) -> CallSettled:
    """Return a call that went well."""
    usual: dict[str, Any] = {
        "provider": "acme",
        "model": "acme/alpha",
        "at": AT,
        "outcome": "ok",
        "error_kind": None,
        "error_detail": None,
        "retry_after": None,
        "first_token_s": 0.3,
        "total_s": 1.5,
        "usage": Usage(input_total=100, output_total=20, input_cached=40, cache_write_5m=3, output_reasoning=5),
        "cost_usd": Decimal("0.25"),
    }
    return CallSettled(**usual | changes)
