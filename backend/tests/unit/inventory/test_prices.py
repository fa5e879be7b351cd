"""Prices are decimals with their source; the operator's win; unknown is unknown."""

import subprocess
import sys
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.fakes.system import FakeSystem
from ultra.domain.chat import Usage
from ultra.domain.pricing import Price, cost
from ultra.inventory import Prices, read_facts
from ultra.inventory.prices import PUBLISHED

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def prices() -> Prices:
    """Prices on a fixed day."""
    return Prices(system=FakeSystem(at=AT))


def test_a_known_model_has_decimals_with_source_and_date(prices: Prices) -> None:
    """USD per million tokens, and where it comes from."""
    price = prices.of("anthropic/claude-opus-5-5", pricing="anthropic")
    assert price is not None
    assert (price.input, price.output, price.cache_write_1h) == (Decimal(4), Decimal(20), Decimal(8))
    assert price.source == f"genai-prices {version('genai-prices')}"
    assert price.as_of == date(2026, 11, 10)
    assert not price.overridden


def test_the_installed_snapshot_has_a_known_date() -> None:
    """Whoever updates the package says when it was published."""
    assert version("genai-prices") in PUBLISHED


def test_no_price_is_a_float(prices: Prices) -> None:
    """Every amount of every shipped model is a decimal or unknown."""
    pricing = {"openai": "openai", "anthropic": "anthropic", "gemini": "google"}
    for model in read_facts().models.values():
        price = prices.of(model.id, pricing=pricing[model.provider])
        assert price is not None
        amounts = [getattr(price, each.name) for each in fields(price)]
        amounts += [getattr(tier, each.name) for tier in price.tiers for each in fields(tier)]
        assert not [amount for amount in amounts if isinstance(amount, float)]
        assert price.input is not None


def test_long_prompts_are_charged_at_the_tier_they_reach(prices: Prices) -> None:
    """The whole call goes to the higher rate, as the vendor charges it."""
    price = prices.of("openai/gpt-6-astra", pricing="openai")
    assert cost(price, Usage(input_total=272_000)) == Decimal("2.72")
    assert cost(price, Usage(input_total=300_000, output_total=1_000_000)) == Decimal("6") + Decimal(75)


def test_a_price_with_a_date_holds_from_that_date() -> None:
    """The same model costs more after its price was raised."""
    before = Prices(system=FakeSystem(at=AT)).of("gemini/gemini-4-argon", pricing="google")
    after = Prices(system=FakeSystem(at=datetime(2026, 12, 2, tzinfo=UTC))).of(
        "gemini/gemini-4-argon", pricing="google"
    )
    assert before is not None
    assert after is not None
    assert (before.input, after.input) == (Decimal(2), Decimal(4))


def test_a_running_process_sees_the_new_price() -> None:
    """What was looked up is kept for the hour, not for ever."""
    system = FakeSystem(at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    prices = Prices(system=system)
    assert prices.of("gemini/gemini-4-argon", pricing="google").input == 2
    system.advance(3600)
    assert prices.of("gemini/gemini-4-argon", pricing="google").input == 4


def test_the_operators_price_wins_and_is_marked() -> None:
    """Also for a model that nobody else knows."""
    own = Price(Decimal(1), Decimal(2), source="operator", overridden=True)
    prices = Prices(system=FakeSystem(at=AT), overrides={"openai/gpt-6-sol": own, "home/llama4": own})
    assert prices.of("openai/gpt-6-sol", pricing="openai") is own
    assert prices.of("home/llama4", pricing=None) is own
    prices.replace_overrides({})
    assert prices.of("home/llama4", pricing=None) is None


def test_a_stranger_has_no_price(prices: Prices) -> None:
    """Unknown is None: neither zero nor a guess."""
    assert prices.of("openai/surely-not-a-model", pricing="openai") is None
    assert prices.of("home/gpt-6-sol", pricing=None) is None
    assert prices.of("x/y", pricing="nobody-of-this-name") is None


def test_a_vendor_may_be_called_by_our_name(prices: Prices) -> None:
    """Prices of Gemini and xAI are found although their publisher calls them otherwise."""
    assert prices.of("gemini/gemini-3.8-flash", pricing="gemini") is not None
    assert prices.of("grok/grok-4", pricing="xai") is not None


def test_importing_the_inventory_does_not_import_the_snapshot() -> None:
    """The snapshot takes longer to import than a command may take to show its help."""
    code = "import sys, ultra.inventory; sys.exit('genai_prices' in sys.modules or 'httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[3]).returncode == 0
