"""The shipped catalogue is whole, and says nothing that nobody supports."""

from collections import Counter

import genai_prices.data

from ultra.inventory import read_facts


def test_every_vendor_has_enough_models_to_choose_from() -> None:
    """At least six current models each, all ranked, none ranked twice within a vendor."""
    for provider in ("openai", "anthropic", "gemini"):
        models = read_facts().of_provider(provider)
        current = [model for model in models if model.lifecycle.status != "deprecated"]
        assert len(current) >= 6
        assert max(Counter(model.strength for model in models).values()) == 1
        assert all(model.strength is not None for model in models)


def test_context_windows_are_those_of_the_price_snapshot() -> None:
    """A number that the snapshot does not have is unknown here too."""
    pricing = {"openai": "openai", "anthropic": "anthropic", "gemini": "google"}
    providers = {provider.id: provider for provider in genai_prices.data.providers}
    for model in read_facts().models.values():
        known = providers[pricing[model.provider]].find_model(model.provider_model)
        assert known is not None
        assert model.limits.context_tokens == known.context_window


def test_unknown_is_none_and_never_false() -> None:
    """Only what a provider's wire lacks is said to be lacking."""
    openai = read_facts().models["openai/gpt-6-sol"].capabilities
    assert openai.streaming is True
    assert (openai.tools, openai.json_schema, openai.seed) == (None, None, None)
    assert read_facts().models["anthropic/claude-opus-5-5"].capabilities.seed is False


def test_a_model_that_is_not_shipped_has_only_what_its_provider_implies() -> None:
    """Nothing is invented for a stranger."""
    stranger = read_facts().about("anthropic", "claude-next")
    assert stranger.strength is None
    assert stranger.limits.context_tokens is None
    assert stranger.capabilities.streaming is True
    assert read_facts().about("home", "llama4").capabilities.streaming is None


def test_a_mock_can_list_what_is_shipped() -> None:
    """The same names as in the catalogue, in its order."""
    listed = read_facts().listed("gemini")
    assert [each.name for each in listed] == [each.provider_model for each in read_facts().of_provider("gemini")]
