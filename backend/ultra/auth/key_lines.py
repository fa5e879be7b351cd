"""Keys made with a key: never more than it, in nothing, so that a leaked key cannot free itself of its own bounds.

What is a list (models, networks) has to lie within the maker's, and a wider one is refused by name. What is a number
(rates, budgets) is the smaller of both. Besides, the store counts all keys of a line as one and ends them together.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from ipaddress import ip_network
from typing import TypeAlias, TypeVar

from ultra.domain.access import ApiKey
from ultra.domain.identity import Allowance

_Number = TypeVar("_Number", int, Decimal)
_Names: TypeAlias = tuple[str, ...] | None


class TooMuch(Exception):
    """A key was asked for that is wider than the one it is to be made with; says in what."""


def models_within(wanted: _Names, allowed: _Names) -> _Names:
    """Return the models of a key made with one that may ask `allowed`; None is all of them. Raises `TooMuch`."""
    if allowed is None or wanted is None:
        return wanted if allowed is None else allowed
    if not set(wanted) <= set(allowed):
        raise TooMuch("A key cannot reach models that the key it is made with cannot.")
    return wanted


def networks_within(wanted: _Names, allowed: _Names) -> _Names:
    """Return the networks of a key made with one that is good in `allowed`; None is all of them. Raises `TooMuch`."""
    if allowed is None or wanted is None:
        return wanted if allowed is None else allowed
    if not all(_lies_within(each, allowed) for each in wanted):
        raise TooMuch("A key cannot be used from networks that the key it is made with cannot be used from.")
    return wanted


def end_within(wanted: datetime | None, usual: datetime, last: datetime) -> datetime:
    """Return when a key expires whose maker ends at `last`; None wanted takes the usual. Raises `TooMuch`."""
    if wanted is None:
        return min(usual, last)
    if wanted > last:
        raise TooMuch(f"A key cannot outlive the key it is made with: {last.isoformat()}.")
    return wanted


def stricter(wanted: Allowance, allowed: Allowance) -> Allowance:
    """Return the smaller of both, member by member; None is larger than any."""
    return replace(
        wanted,
        requests_per_minute=_least(wanted.requests_per_minute, allowed.requests_per_minute),
        tokens_per_minute=_least(wanted.tokens_per_minute, allowed.tokens_per_minute),
        concurrency=_least(wanted.concurrency, allowed.concurrency),
        daily_budget_usd=_least(wanted.daily_budget_usd, allowed.daily_budget_usd),
        monthly_budget_usd=_least(wanted.monthly_budget_usd, allowed.monthly_budget_usd),
    )


def end_of(key: ApiKey) -> datetime:
    """Return when a key ends by itself."""
    return key.expires_at if key.overlap_until is None else min(key.expires_at, key.overlap_until)


def _lies_within(network: str, networks: Sequence[str]) -> bool:
    inner = ip_network(network)
    return any(
        inner.version == outer.version and inner.prefixlen >= outer.prefixlen and inner.network_address in outer
        for outer in map(ip_network, networks)
    )


def _least(one: _Number | None, other: _Number | None) -> _Number | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
