"""What models cost: the snapshot inside the genai-prices package, or the operator's own price.

The package is imported at first use, because that takes more than half a second; it never updates itself here and
never reaches for the network.
"""

import threading
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from ultra.domain.pricing import Price, Tier
from ultra.system import System

if TYPE_CHECKING:
    from genai_prices import types

PUBLISHED: Final[Mapping[str, date]] = {"0.2.3": date(2026, 11, 10)}
"""When each version of genai-prices that Ultra was built with was published; the package itself does not say."""


OWN_PRICE: Final = Price(input=Decimal(0), output=Decimal(0), source="self-hosted")
"""What a token costs on the operator's own machine."""


class Prices:
    """Answers what a model costs now; `overrides` are the operator's prices by model id and win."""

    def __init__(self, *, system: System, overrides: Mapping[str, Price] | None = None) -> None:
        self._system = system
        self._overrides = dict(overrides or {})
        self._providers: dict[str, types.Provider] | None = None
        self._all: list[types.Provider] = []
        self._source = ""
        self._as_of: date | None = None
        self._known: dict[tuple[str, str], Price | None] = {}
        self._hour: int | None = None
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Import the snapshot now, so that nobody waits for it later; safe in a thread of its own."""
        with self._lock:
            if self._providers is not None:
                return
            from genai_prices import data  # noqa: PLC0415 - imported at first use because it is slow

            release = version("genai-prices")
            self._source, self._as_of = f"genai-prices {release}", PUBLISHED.get(release)
            self._all = data.providers
            self._providers = {provider.id: provider for provider in data.providers}

    def replace_overrides(self, overrides: Mapping[str, Price]) -> None:
        """Put other prices of the operator in force."""
        self._overrides = dict(overrides)

    def of(self, model_id: str, *, pricing: str | None) -> Price | None:
        """Return the price of `provider/model` in force now, or None when nobody knows it.

        `pricing` names the vendor, in our words or those of genai-prices. Prices may have a date or an hour from which
        they hold, so an answer is kept for the current hour only.
        """
        if model_id in self._overrides:
            return self._overrides[model_id]
        if pricing is None:
            return None
        now = self._system.now()
        hour = int(now.timestamp() // 3600)
        if hour != self._hour or len(self._known) > _MOST_KEPT:
            self._hour, self._known = hour, {}
        key = (pricing, model_id.partition("/")[2])
        if key not in self._known:
            self._known[key] = self._look_up(*key, now)
        return self._known[key]

    def _look_up(self, pricing: str, name: str, now: datetime) -> Price | None:
        self.warm()
        provider = (self._providers or {}).get(_NAMES.get(pricing, pricing))
        found = None if provider is None else provider.find_model(name, all_providers=self._all)
        return None if found is None else self._price(found.get_prices(now))

    def _price(self, prices: "types.ModelPrice") -> Price | None:
        base = {field: _base(getattr(prices, name, None)) for field, name in _FIELDS.items()}
        if base["input"] is None and base["output"] is None:
            return None
        return Price(
            input=base["input"],
            output=base["output"],
            cache_read=base["cache_read"],
            cache_write_5m=base["cache_write"],
            cache_write_1h=base["cache_write_1h"],
            tiers=_tiers(prices),
            source=self._source,
            as_of=self._as_of,
        )


_MOST_KEPT: Final = 5000
"""Names of models are the callers' choice; answers about them must not fill the memory."""

_NAMES: Final[Mapping[str, str]] = {"gemini": "google", "xai": "x-ai"}
"""Providers that genai-prices calls otherwise."""

_FIELDS: Final[Mapping[str, str]] = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}
"""Our names and those of genai-prices; both are USD per million tokens."""


def _base(price: "Decimal | types.TieredPrices | None") -> Decimal | None:
    return price if price is None or isinstance(price, Decimal) else price.base


def _tiers(prices: "types.ModelPrice") -> tuple[Tier, ...]:
    """Turn tiers by field into tiers by threshold; at each, a field has the rate of the last tier it has reached."""
    fields = {field: getattr(prices, name, None) for field, name in _FIELDS.items()}
    steps = {
        field: price.tiers for field, price in fields.items() if price is not None and not isinstance(price, Decimal)
    }
    starts = sorted({tier.start for tiers in steps.values() for tier in tiers})
    return tuple(
        Tier(
            above=start,
            **{
                field: [tier.price for tier in tiers if tier.start <= start][-1]
                for field, tiers in steps.items()
                if tiers[0].start <= start
            },
        )
        for start in starts
    )
