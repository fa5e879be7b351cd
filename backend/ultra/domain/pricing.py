"""Prices and what tokens cost: decimals in USD, never floats."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ultra.domain.chat import Usage

_MILLION = Decimal(1_000_000)
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tier:
    """From `above` input tokens on, a whole call is charged at these rates; a None keeps the base rate."""

    above: int
    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    """None charges what `cache_write` says."""


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens. None is unknown, zero is free. Reasoning is charged as output."""

    input: Decimal | None
    output: Decimal | None
    cache_read: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    tiers: tuple[Tier, ...] = ()
    source: str | None = None
    as_of: date | None = None
    overridden: bool = False


def cost(price: Price | None, usage: Usage | None) -> Decimal | None:
    """Return what a call cost in USD, or None when the price or the usage is unknown.

    Cached and cache-written input is part of `input_total` and is charged at its own rate, or at the input rate
    where none is given.
    """
    if price is None or usage is None or price.input is None or price.output is None:
        return None
    rates = _rates(price, usage.input_total)
    fresh = usage.input_total - usage.input_cached - usage.cache_write_5m - usage.cache_write_1h
    base = rates.input or _NOTHING
    total = _NOTHING + max(fresh, 0) * base + usage.output_total * (base if rates.output is None else rates.output)
    for tokens, rate in (
        (usage.input_cached, rates.cache_read),
        (usage.cache_write_5m, rates.cache_write_5m),
        (usage.cache_write_1h, rates.cache_write_1h),
    ):
        total += tokens * (base if rate is None else rate)
    return total / _MILLION


def _rates(price: Price, input_tokens: int) -> Price:
    reached = [tier for tier in price.tiers if input_tokens > tier.above]
    if not reached:
        return price
    tier = max(reached, key=lambda each: each.above)
    written = price.cache_write_5m if tier.cache_write is None else tier.cache_write
    kept_1h = price.cache_write_1h if tier.cache_write is None else tier.cache_write
    return Price(
        input=price.input if tier.input is None else tier.input,
        output=price.output if tier.output is None else tier.output,
        cache_read=price.cache_read if tier.cache_read is None else tier.cache_read,
        cache_write_5m=written,
        cache_write_1h=kept_1h if tier.cache_write_1h is None else tier.cache_write_1h,
    )
