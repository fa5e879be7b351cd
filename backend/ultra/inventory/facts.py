"""The shipped catalogue: what is known of models that the vendors' own lists do not say.

`catalogue.json` is kept by hand. Display names and context windows are those of genai-prices; which OpenAI and
Anthropic models are current, deprecated and when they retire is what the vendors' official Python clients say of their
models. What nobody says is null. `strength` is Ultra's own rank for choosing panels. `capabilities` beside a
provider's models hold for all of them, because the provider's wire has or lacks the thing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from ultra.domain.models import Capabilities, Lifecycle, Limits, ListedModel, Model


@dataclass(frozen=True, slots=True)
class Facts:
    """The catalogue as read: models by id, in order, and what holds for all models of a provider."""

    models: Mapping[str, Model]
    capabilities: Mapping[str, Capabilities]

    def of_provider(self, provider: str) -> tuple[Model, ...]:
        """Return the provider's models in the order of the file."""
        return tuple(model for model in self.models.values() if model.provider == provider)

    def listed(self, provider: str) -> tuple[ListedModel, ...]:
        """Return the provider's models as a list of its own would show them, for a mock that stands in for it."""
        return tuple(
            ListedModel(
                name=model.provider_model,
                display_name=model.display_name,
                created=model.created,
                limits=model.limits,
                capabilities=model.capabilities,
                lifecycle=model.lifecycle,
            )
            for model in self.of_provider(provider)
        )

    def about(self, provider: str, name: str) -> Model:
        """Return what is known of a model; for one that the catalogue does not have, only what its provider implies."""
        known = self.models.get(f"{provider}/{name}")
        if known is not None:
            return known
        capabilities = self.capabilities.get(provider, Capabilities())
        return Model(id=f"{provider}/{name}", provider=provider, provider_model=name, capabilities=capabilities)


@cache
def read_facts() -> Facts:
    """Read the shipped catalogue."""
    text = resources.files("ultra.inventory").joinpath("catalogue.json").read_text(encoding="utf-8")
    providers = json.loads(text)["providers"]
    capabilities = {
        name: Capabilities(**entry["capabilities"], source="catalogue") for name, entry in providers.items()
    }
    models = (_model(name, row, capabilities[name]) for name, entry in providers.items() for row in entry["models"])
    return Facts({model.id: model for model in models}, capabilities)


def _model(provider: str, row: Mapping[str, Any], capabilities: Capabilities) -> Model:
    context, status = row.get("context_tokens"), row.get("status")
    retires = row.get("retires_at")
    return Model(
        id=f"{provider}/{row['name']}",
        provider=provider,
        provider_model=row["name"],
        display_name=row["display_name"],
        family=row["family"],
        strength=row["strength"],
        limits=Limits(context_tokens=context, source="catalogue") if context else Limits(),
        capabilities=capabilities,
        lifecycle=Lifecycle(
            status=status,
            retires_at=datetime.fromisoformat(retires).replace(tzinfo=UTC) if retires else None,
            source="catalogue" if status else None,
        ),
    )
