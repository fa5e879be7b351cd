"""Models as JSON: OpenAI's fields untouched, everything else under one key, nothing invented."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.models import Availability, Estimate, Latency, Lifecycle, Model
from ultra.domain.pricing import Price
from ultra.inventory import Arrangement, Filter, Remark, envelope, etag, is_capability, item

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
BARE = Model("home/x", "home", "x")
_STRANGER = replace(BARE, provider="x")


def floats(value: Any) -> Iterator[float]:
    """Find every float in a JSON value."""
    if isinstance(value, float):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from floats(each)


def test_openais_fields_keep_their_names_and_types() -> None:
    """A client that knows nothing of us finds what it expects, and no more at the top."""
    made = item(replace(BARE, lifecycle=Lifecycle(retires_at=NOW), created=NOW), environment="testing")
    assert set(made) == {"id", "object", "created", "owned_by", "shutdown_date", "ultra"}
    assert (made["id"], made["object"], made["owned_by"]) == ("home/x", "model", "home")
    assert made["created"] == int(NOW.timestamp())
    assert made["shutdown_date"] == "2026-11-22"
    assert type(item(BARE, environment="testing")["created"]) is int


def test_what_is_unknown_is_null_and_never_false() -> None:
    """A model of which nothing is known claims nothing."""
    own = item(BARE, environment="development")["ultra"]
    unknown = [own["pricing"], own["latency"], own["members"], own["display_name"], own["family"]]
    unknown += [own["modalities"]["input"], *own["limits"].values(), *own["lifecycle"].values()]
    unknown += [value for name, value in own["capabilities"].items() if name not in ("reasoning", "parameters")]
    unknown += own["capabilities"]["reasoning"].values()
    assert set(map(type, unknown)) == {type(None)}
    assert own["availability"]["state"] == "unknown"


def test_prices_are_strings_and_zero_is_not_unknown() -> None:
    """Decimal strings per million tokens, with unit, currency, source and date."""
    price = Price(Decimal("2.50"), Decimal(0), cache_read=Decimal("0.0000001"), source="operator", overridden=True)
    shown = item(replace(BARE, price=price), environment="testing")["ultra"]["pricing"]
    assert (shown["input"], shown["output"], shown["cache_read"], shown["cache_write_5m"]) == (
        "2.5",
        "0",
        "0.0000001",
        None,
    )
    assert (shown["currency"], shown["unit"], shown["overridden"]) == ("USD", "1M tokens", True)


@given(st.decimals(min_value=0, max_value=10**6, places=8))
def test_a_price_survives_being_written(amount: Decimal) -> None:
    """Reading the string back gives the same amount, and it has no exponent."""
    shown = item(replace(BARE, price=Price(amount, None)), environment="testing")["ultra"]["pricing"]["input"]
    assert Decimal(shown) == amount
    assert "E" not in shown


async def test_the_whole_list_has_no_float_in_its_prices(build: Callable) -> None:
    """Neither prices nor tiers of any shipped model."""
    house = build()
    listed = envelope(house.inventory.models(), house.inventory.providers(), environment="development", now=NOW)
    assert not [each for entry in listed["data"] for each in floats(entry["ultra"]["pricing"])]
    json.dumps(listed)


def test_times_are_rfc_3339_in_utc() -> None:
    """Seconds are enough, and the zone is Z."""
    found = Availability("rate_limited", "rate_limited", None, NOW, NOW, "passive", NOW)
    shown = item(replace(BARE, availability=found), environment="testing")["ultra"]["availability"]
    assert (shown["since"], shown["checked_at"], shown["retry_at"]) == ("2026-11-22T08:30:00Z",) * 3


def test_figures_show_their_window_and_samples() -> None:
    """Too few samples are null figures with the number of samples beside them."""
    some = Latency(3600, 412, 640, 1900, 5200, 14800, 61.0, 0.998)
    own = item(replace(BARE, latency=some), environment="testing")["ultra"]
    assert own["latency"]["ttft_ms"] == {"p50": 640, "p95": 1900}
    assert own["availability"]["success_rate"] == {"value": 0.998, "window_s": 3600, "samples": 412}
    few = item(replace(BARE, latency=Latency(3600, 2)), environment="testing")["ultra"]
    assert few["latency"]["ttft_ms"] == {"p50": None, "p95": None}
    assert few["availability"]["success_rate"] is None


def test_an_ensemble_shows_what_it_may_cost() -> None:
    """A range per run, with null where nobody knows."""
    ensemble = replace(BARE, kind="ensemble", members=("a/b",))
    shown = item(ensemble, environment="testing", estimate=Estimate(Decimal("0.010"), Decimal("0.02"), None))["ultra"]
    assert shown["pricing"]["estimated"] == {"unit": "run", "minimum": "0.01", "expected": "0.02", "maximum": None}
    assert shown["members"] == ["a/b"]


async def test_the_envelope_counts_and_names_providers_without_their_addresses(build: Callable) -> None:
    """Counts fit the data; upstream addresses are for operators."""
    house = build()
    house.keys["openai"] = False
    listed = envelope(house.inventory.models(), house.inventory.providers(), environment="testing", now=NOW)
    own = listed["ultra"]
    assert own["counts"]["total"] == len(listed["data"])
    assert own["counts"]["usable"] == sum(entry["ultra"]["usable"] for entry in listed["data"])
    assert own["mock"] is True
    assert {
        "id": "openai",
        "state": "unavailable",
        "reason": "no_api_key",
        "checked_at": None,
        "key_configured": False,
        "mock": True,
    } in own["providers"]


@pytest.mark.parametrize(
    ("wanted", "accepts", "refuses"),
    [
        (Filter(provider="home"), BARE, replace(BARE, provider="x")),
        (Filter(kind="ensemble"), replace(BARE, kind="ensemble"), BARE),
        (Filter(available=True), BARE, replace(BARE, availability=Availability("unavailable", "timeout"))),
        (Filter(available=False), replace(BARE, availability=Availability("unavailable", "timeout")), BARE),
        (Filter(), BARE, replace(BARE, lifecycle=Lifecycle("retired"))),
        (Filter(include_retired=True, provider="home"), replace(BARE, lifecycle=Lifecycle("retired")), _STRANGER),
        (Filter(capabilities=("vision",)), replace(BARE, input_modalities=("text", "image")), BARE),
        (Filter(capabilities=("tools",)), replace(BARE, capabilities=replace(BARE.capabilities, tools=True)), BARE),
    ],
)
def test_a_filter_takes_what_it_names(wanted: Filter, accepts: Model, refuses: Model) -> None:
    """Unknown capabilities do not count as capabilities."""
    assert wanted.accepts(accepts)
    assert not wanted.accepts(refuses)


def test_words_to_filter_by_are_known() -> None:
    """A misspelt capability can be refused by whoever reads the query."""
    assert is_capability("tools")
    assert is_capability("vision")
    assert not is_capability("toolz")


async def test_the_tag_changes_with_the_content_and_with_nothing_else(build: Callable) -> None:
    """The moment of listing does not matter; one changed fact does."""
    house = build()

    def tag(at: datetime) -> str:
        return etag(envelope(house.inventory.models(), house.inventory.providers(), environment="testing", now=at))

    before = tag(NOW)
    assert before == tag(NOW.replace(hour=9))
    assert before.startswith('"')
    house.inventory.rearrange(Arrangement(remarks={"openai/gpt-6-sol": Remark(display_name="Ours")}))
    assert tag(NOW) != before
