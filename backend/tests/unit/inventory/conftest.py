"""An inventory of fake providers, with everything at hand that a test may turn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from tests.fakes.providers import FakeProvider
from tests.fakes.system import FakeSystem
from ultra.domain.errors import UltraError
from ultra.domain.models import ListedModel
from ultra.inventory import Arrangement, Ensemble, Health, Inventory, LiveLists, Prices, ProviderSource, read_facts

PRICING = {"openai": "openai", "anthropic": "anthropic", "gemini": "google"}


@dataclass(slots=True)
class House:
    """An inventory and its parts."""

    inventory: Inventory
    health: Health
    live: LiveLists
    prices: Prices
    system: FakeSystem
    providers: dict[str, FakeProvider]
    keys: dict[str, bool]


@pytest.fixture
def build() -> Callable[..., House]:
    """Return a builder; `lists` has a provider's live list, or the error it answers with, by its name."""

    def made(
        lists: dict[str, Sequence[str | ListedModel] | UltraError] | None = None,
        *,
        arrangement: Arrangement | None = None,
        mock: bool = True,
        names: Sequence[str] = ("openai", "anthropic", "gemini"),
        models: tuple[str, ...] = (),
        ensembles: Sequence[Ensemble] = (Ensemble("consensus"),),
    ) -> House:
        system = FakeSystem(jumps=False)
        listed = {
            name: each
            if isinstance(each, UltraError)
            else [ListedModel(one) if isinstance(one, str) else one for one in each]
            for name, each in (lists or {}).items()
        }
        providers = {name: FakeProvider(name, lambda _: (), models=listed.get(name, ())) for name in names}
        keys = dict.fromkeys(names, True)
        sources = [
            ProviderSource(
                provider,
                lambda name=name: keys[name],
                mock=mock,
                models=models if name not in PRICING else (),
                pricing=PRICING.get(name),
            )
            for name, provider in providers.items()
        ]
        health, prices = Health(system=system), Prices(system=system)
        live = LiveLists(sources=sources, system=system)
        inventory = Inventory(
            sources=sources,
            facts=read_facts(),
            health=health,
            live=live,
            prices=prices,
            system=system,
            arrangement=arrangement,
            ensembles=ensembles,
        )
        return House(inventory, health, live, prices, system, providers, keys)

    return made
