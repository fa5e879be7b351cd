"""The inventory put together: names, availability, panels, ensembles."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ultra.domain.errors import InvalidRequest, NetworkFailed, NotFound, UpstreamRefusedKey
from ultra.domain.models import Capabilities, Lifecycle, Limits, ListedModel, Model
from ultra.domain.observations import CallSettled
from ultra.domain.pricing import Price
from ultra.inventory import Arrangement, Ensemble, Remark, read_facts


def fail(house, model: str, kind: str, code: str | None = None) -> None:
    """Let the health table hear of a failed call."""
    provider = model.partition("/")[0]
    house.health.notice(
        CallSettled(provider, model, house.system.now(), "failed", kind, "said so", None, None, 1.0, None, None, code)
    )


def shipped(provider: str) -> list[str]:
    """Return the names that the catalogue has of a provider."""
    return [model.provider_model for model in read_facts().of_provider(provider)]


def found(house, name: str) -> Model:
    """Return the one model of that name."""
    (model,) = house.inventory.candidates(name)
    return model


# --- names --------------------------------------------------------------------------------------------------------


def test_a_model_is_found_by_its_id_with_price_and_facts(build: Callable) -> None:
    """Before any list was read, the catalogue and the price snapshot answer."""
    model = found(build(), "openai/gpt-6-sol")
    assert (model.provider, model.provider_model, model.display_name) == ("openai", "gpt-6-sol", "GPT-6 Sol")
    assert model.price is not None
    assert model.price.input == Decimal(2)
    assert (model.availability.state, model.availability.reason) == ("unknown", "never_checked")
    assert model.usable


def test_an_alias_is_its_models_in_order(build: Callable) -> None:
    """A fallback list keeps unusable models too, so that the gateway can say why; unknown ones are left out."""
    house = build(
        {"openai": shipped("openai"), "gemini": NetworkFailed("down")},
        arrangement=Arrangement(
            aliases={
                "best": ("gemini/gemini-4-argon", "openai/gpt-6-sol", "openai/no-such"),
                "one": ("openai/gpt-6-sol",),
            }
        ),
    )
    assert [model.id for model in house.inventory.candidates("best")][:2] == [
        "gemini/gemini-4-argon",
        "openai/gpt-6-sol",
    ]
    assert house.inventory.get("one").id == "openai/gpt-6-sol"
    assert found(house, "openai/gpt-6-sol").aliases == ("one",)


async def test_a_name_that_a_known_list_lacks_is_not_found(build: Callable) -> None:
    """Before the list is known any name of a provider may be asked; then only what exists, with near names."""
    house = build({"openai": [*shipped("openai"), "gpt-next"]})
    assert found(house, "openai/gpt-7").strength is None
    await house.live.refresh()
    assert found(house, "openai/gpt-next").availability.state == "available"
    with pytest.raises(NotFound) as caught:
        house.inventory.candidates("openai/gpt-6-sool")
    assert "openai/gpt-6-sol" in (caught.value.hint or "")
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("name", ["gpt-6-sol", "nobody/x", "openai/", "/x", "", "ultra/nothing", "x" * 10_000])
def test_nonsense_is_not_found(build: Callable, name: str) -> None:
    """Names without a provider, of no provider, or of an ensemble that does not exist."""
    house = build()
    with pytest.raises(NotFound) as caught:
        house.inventory.candidates(name)
    assert len(caught.value.message) < 300
    assert house.inventory.get(name) is None


def test_a_name_without_its_provider_is_answered_with_the_whole_one(build: Callable) -> None:
    """The hint is what should have been written."""
    with pytest.raises(NotFound) as caught:
        build().inventory.candidates("claude-opus-5-5")
    assert caught.value.hint == "Did you mean anthropic/claude-opus-5-5?"


async def test_faults_of_a_mock_can_be_named_and_are_not_listed(build: Callable) -> None:
    """`mock-...` asks a mock for a fault; at a real provider it is a name like any other."""
    house = build({"openai": ["mock-overloaded"]})
    await house.live.refresh()
    assert found(house, "openai/mock-timeout").mock
    assert not [model for model in house.inventory.models() if "mock-" in model.id]
    real = build({"openai": shipped("openai")}, mock=False)
    await real.live.refresh()
    with pytest.raises(NotFound):
        real.inventory.candidates("openai/mock-timeout")


# --- what is known ------------------------------------------------------------------------------------------------


async def test_a_model_seen_live_only_is_listed_with_what_its_provider_says(build: Callable) -> None:
    """Not hidden because nobody shipped facts about it; everything unsaid is None."""
    created = datetime(2026, 11, 1, tzinfo=UTC)
    seen = ListedModel("gpt-next", created=created, limits=Limits(context_tokens=5))
    house = build({"openai": [seen]})
    await house.live.refresh()
    model = found(house, "openai/gpt-next")
    assert model in house.inventory.models()
    assert (model.created, model.limits.context_tokens, model.limits.source) == (created, 5, "provider")
    assert (model.display_name, model.strength, model.price, model.lifecycle.status) == (None, None, None, None)


async def test_the_provider_overrules_the_catalogue_fact_by_fact(build: Callable) -> None:
    """What it states wins; what it does not state stays."""
    seen = ListedModel(
        "claude-opus-5-5",
        limits=Limits(max_output_tokens=9),
        capabilities=Capabilities(tools=True),
        lifecycle=Lifecycle(status="deprecated"),
    )
    house = build({"anthropic": [seen]})
    await house.live.refresh()
    model = found(house, "anthropic/claude-opus-5-5")
    assert (model.limits.max_output_tokens, model.limits.context_tokens) == (9, 1_000_000)
    assert (model.capabilities.tools, model.capabilities.seed) == (True, False)
    assert (model.lifecycle.status, model.lifecycle.source) == ("deprecated", "provider")


async def test_a_shipped_model_that_the_provider_does_not_list_stays_listed_as_missing(build: Callable) -> None:
    """It is shown with its reason, not hidden."""
    house = build({"openai": ["gpt-6-sol"]})
    await house.live.refresh()
    model = found(house, "openai/gpt-6-astra")
    assert (model.availability.state, model.availability.reason) == ("unavailable", "model_not_found")
    assert not model.usable


def test_the_operator_has_the_last_word(build: Callable) -> None:
    """Rank, name, limits, price, what it can do, and whether it is asked at all."""
    own = Price(Decimal(1), Decimal(1), source="operator", overridden=True)
    house = build(
        arrangement=Arrangement(
            remarks={
                "openai/gpt-6-sol": Remark(strength=1000, display_name="Ours", context_tokens=7, tools=False),
                "openai/gpt-6-astra": Remark(disabled=True),
            },
            prices={"openai/gpt-6-sol": own},
        )
    )
    model = found(house, "openai/gpt-6-sol")
    assert (model.strength, model.display_name, model.price) == (1000, "Ours", own)
    assert (model.limits.context_tokens, model.limits.source) == (7, "operator")
    assert (model.capabilities.tools, model.capabilities.source) == (False, "operator")
    off = found(house, "openai/gpt-6-astra")
    assert (off.availability.state, off.availability.reason, off.usable) == ("disabled", "disabled_by_operator", False)
    house.inventory.rearrange(Arrangement())
    assert found(house, "openai/gpt-6-astra").usable


def test_models_named_by_the_operator_are_listed(build: Callable) -> None:
    """A neighbour's model needs no list to be known."""
    house = build(names=("home",), models=("llama4",))
    assert [model.id for model in house.inventory.models() if model.kind == "upstream"] == ["home/llama4"]


# --- availability -------------------------------------------------------------------------------------------------


def test_without_a_key_nothing_of_the_provider_is_usable(build: Callable) -> None:
    """And as soon as a key is there, it is."""
    house = build()
    house.keys["openai"] = False
    assert found(house, "openai/gpt-6-sol").availability.reason == "no_api_key"
    state = {provider.id: provider for provider in house.inventory.providers()}["openai"]
    assert (state.state, state.reason, state.key_configured) == ("unavailable", "no_api_key", False)
    house.keys["openai"] = True
    assert found(house, "openai/gpt-6-sol").usable


async def test_own_calls_say_more_than_a_list_until_the_list_is_newer(build: Callable) -> None:
    """A timeout stands although the model is listed; a refused key is over when the list was read with it later."""
    house = build({"openai": shipped("openai")})
    await house.live.refresh()
    fail(house, "openai/gpt-6-sol", "timed_out")
    assert found(house, "openai/gpt-6-sol").availability.reason == "timeout"
    fail(house, "openai/gpt-6-sol", "upstream_refused_key")
    assert found(house, "openai/gpt-6-luna").availability.reason == "auth_failed"
    house.system.advance(10)
    await house.live.refresh()
    assert found(house, "openai/gpt-6-luna").availability.state == "available"
    assert found(house, "openai/gpt-6-sol").availability.reason == "timeout"


async def test_a_list_that_cannot_be_read_says_why(build: Callable) -> None:
    """Its error is the provider's state and that of models of which nothing better is known."""
    house = build({"openai": UpstreamRefusedKey("bad key"), "gemini": NetworkFailed("no name", code="dns")})
    await house.live.refresh()
    states = {provider.id: (provider.state, provider.reason) for provider in house.inventory.providers()}
    assert states["openai"] == ("unavailable", "auth_failed")
    assert states["gemini"] == ("degraded", "dns")
    assert found(house, "openai/gpt-6-sol").availability.check == "active"


def test_a_model_is_retired_on_its_day(build: Callable) -> None:
    """From the date that its vendor announced it is unavailable, whatever anybody says."""
    house = build()
    assert found(house, "openai/gpt-5").lifecycle.status == "deprecated"
    house.system.advance(365 * 86_400)
    model = found(house, "openai/gpt-5")
    assert (model.lifecycle.status, model.availability.reason, model.usable) == ("retired", "retired", False)


# --- panels and ensembles -----------------------------------------------------------------------------------------


def test_an_automatic_panel_takes_the_strongest_of_different_providers(build: Callable) -> None:
    """One of each before a second of any, and another family before the same one again."""
    chosen = build().inventory.panel((), size=6)
    assert [model.provider for model in chosen[:3]] == ["openai", "anthropic", "gemini"]
    assert [model.provider for model in chosen[3:]] == ["openai", "anthropic", "gemini"]
    assert len({model.family for model in chosen}) == 6


def test_an_automatic_panel_leaves_out_what_cannot_be_asked_or_will_be_gone(build: Callable) -> None:
    """Unusable and deprecated models are not chosen; naming them is another matter."""
    house = build()
    strongest = house.inventory.panel((), size=1)[0]
    fail(house, strongest.id, "not_found")
    chosen = house.inventory.panel((), size=50)
    assert strongest.id not in [model.id for model in chosen]
    assert not [model for model in chosen if model.lifecycle.status == "deprecated"]
    assert [model.id for model in house.inventory.panel([strongest.id], size=1)] == [strongest.id]


def test_models_of_which_only_the_name_is_known_join_unless_it_says_no(build: Callable) -> None:
    """A neighbour's chat model is welcome, its embedding model is not."""
    house = build(names=("openai", "home"), models=("llama4", "nomic-embed-text"))
    chosen = [model.id for model in house.inventory.panel((), size=50)]
    assert chosen[1] == "home/llama4"
    assert "home/nomic-embed-text" not in chosen


def test_named_members_are_resolved_once_each(build: Callable) -> None:
    """Models, aliases and panels of the operator; the first usable choice of an alias; duplicates dropped."""
    house = build(
        arrangement=Arrangement(
            aliases={"best": ("openai/gpt-6-astra", "openai/gpt-6-sol")},
            panels={"pair": ("best", "gemini/gemini-4-argon")},
        )
    )
    fail(house, "openai/gpt-6-astra", "not_found")
    chosen = house.inventory.panel(["pair", "openai/gpt-6-sol", "best"], size=1)
    assert [model.id for model in chosen] == ["openai/gpt-6-sol", "gemini/gemini-4-argon"]


def test_the_operators_default_panel_is_asked_by_default(build: Callable) -> None:
    """Its usable members up to the size; all of them when none is usable, so that the reason is heard."""
    names = ("gemini/gemini-2.5-flash", "openai/gpt-6-luna", "openai/gpt-6-sol")
    house = build(arrangement=Arrangement(panels={"default": names}))
    assert [model.id for model in house.inventory.panel((), size=2)] == list(names[:2])
    fail(house, names[0], "not_found")
    assert [model.id for model in house.inventory.panel((), size=3)] == list(names[1:])
    for name in names:
        fail(house, name, "not_found")
    assert [model.id for model in house.inventory.panel((), size=3)] == list(names)


def test_an_ensemble_is_a_model_with_members_and_no_member_of_a_panel(build: Callable) -> None:
    """It is found by its name and lists who would be asked."""
    house = build()
    model = found(house, "ultra/consensus")
    assert model.kind == "ensemble"
    assert model.members == tuple(each.id for each in house.inventory.panel((), size=4))
    assert model.mock
    with pytest.raises(InvalidRequest):
        house.inventory.panel(["ultra/consensus"], size=4)


def test_an_ensemble_is_as_available_as_its_quorum(build: Callable) -> None:
    """All up, some up, too few up: and it says how many of how many."""
    names = ("openai/gpt-6-sol", "gemini/gemini-4-argon", "anthropic/claude-opus-5-5")
    house = build(arrangement=Arrangement(panels={"default": names}), ensembles=(Ensemble("consensus", quorum=2),))
    fail(house, names[0], "not_found")
    some = found(house, "ultra/consensus")
    assert some.availability.detail == "2 of 3 members up, needs 2"
    assert some.usable
    fail(house, names[1], "not_found")
    few = found(house, "ultra/consensus")
    assert (few.availability.state, few.availability.reason) == ("unavailable", "quorum_not_met")
    assert few.availability.detail == "1 of 3 members up, needs 2"


async def test_an_ensemble_whose_members_are_all_listed_is_available(build: Callable) -> None:
    """Nothing is wrong, so no reason is given."""
    house = build({name: shipped(name) for name in ("openai", "anthropic", "gemini")})
    await house.live.refresh()
    state = found(house, "ultra/consensus").availability
    assert (state.state, state.reason) == ("available", None)


def test_strongest_orders_what_it_is_given(build: Callable) -> None:
    """Ranked ones first, unknown ones last, in their given order."""
    names = ("home/x", "openai/gpt-4o-mini", "anthropic/claude-opus-5-5", "home/a")
    assert build().inventory.strongest(names) == ("anthropic/claude-opus-5-5", "openai/gpt-4o-mini", "home/x", "home/a")


async def test_one_provider_is_what_it_is_among_all(build: Callable) -> None:
    """Its state by itself is the one in the list of all, and its models are those listed of it."""
    house = build({"openai": ["a"], "gemini": NetworkFailed("unreachable", code="dns")})
    await house.live.refresh()
    assert house.inventory.provider_names == ("openai", "anthropic", "gemini")
    assert tuple(house.inventory.provider(name)[0] for name in house.inventory.provider_names) == (
        house.inventory.providers()
    )
    assert {model.id for model in house.inventory.provider("openai")[1]} == {
        model.id for model in house.inventory.models() if model.provider == "openai"
    }


def test_what_could_be_asked_for_is_not_yet_listed(build: Callable) -> None:
    """Any name can be asked for while a provider's list was not read; only listed ones may stand for themselves."""
    house = build()
    assert house.inventory.lists("openai/gpt-6-sol")
    assert not house.inventory.lists("openai/made-up")


def test_other_providers_can_be_put_in_force(build: Callable) -> None:
    """Models of a provider that went are not found any more, those of one that came are."""
    house, other = build(names=("openai",)), build(names=("gemini",))
    assert found(house, "openai/gpt-6-sol").usable
    house.live.replace_sources(other.live._sources)
    house.inventory.rearrange(Arrangement(), other.live._sources)
    assert found(house, "gemini/gemini-4-argon").usable
    with pytest.raises(NotFound):
        house.inventory.candidates("openai/gpt-6-sol")
    assert [each.id for each in house.inventory.providers()] == ["gemini"]
