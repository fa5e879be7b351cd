"""What models cost, as the server itself says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ultra.readiness.asking import Client
from ultra.readiness.purse import estimate
from ultra.readiness.step import NotRun


@dataclass(frozen=True, slots=True)
class Offer:
    """A usable model; prices are USD per million tokens. What is not known of it is None."""

    model: str
    provider: str
    input_price: Decimal | None
    output_price: Decimal | None
    tools: bool | None
    json_schema: bool | None

    @property
    def price(self) -> Decimal:
        """What decides which one is cheaper; an unknown price comes last."""
        if self.input_price is None or self.output_price is None:
            return Decimal("Infinity")
        return self.input_price + self.output_price

    def most(self, asked: Mapping[str, Any]) -> Decimal:
        """Return the most that a request may cost, in USD; raises `NotRun` when nobody knows the prices."""
        if self.input_price is None or self.output_price is None:
            raise NotRun(f"Nobody knows what {self.model} costs: give it a price in ultra.toml.")
        return estimate(
            characters=len(json.dumps(asked)),
            output_tokens=asked["max_tokens"],
            input_price=self.input_price,
            output_price=self.output_price,
        )


async def cheapest(client: Client) -> list[Offer]:
    """Return every usable model of a provider, cheapest first."""
    listed = (await client.get("/api/available-models?available=true&kind=upstream")).expect(200).json["models"]
    return sorted((_offer(each) for each in listed), key=lambda offer: (offer.price, offer.model))


def _offer(listed: Mapping[str, Any]) -> Offer:
    pricing, capabilities = listed["pricing"] or {}, listed["capabilities"] or {}
    return Offer(
        model=listed["id"],
        provider=listed["provider"],
        input_price=_amount(pricing.get("input")),
        output_price=_amount(pricing.get("output")),
        tools=capabilities.get("tools"),
        json_schema=capabilities.get("json_schema"),
    )


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
