"""A catalogue of the models a test names."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ultra.domain.errors import NotFound
from ultra.domain.models import Availability, Model, ProviderState


def model(name: str, **fields: object) -> Model:
    """Make an available model from `provider/model-name`; `fields` are those of `Model`."""
    provider, _, provider_model = name.partition("/")
    available = Availability("available", None)
    made = Model(id=name, provider=provider, provider_model=provider_model, availability=available)
    return replace(made, **fields)  # type: ignore[arg-type]  # the caller names fields of Model


class FakeCatalogue:
    """Holds `models` in the given order; `lists` maps an alias to the ids it stands for, in the order to try.

    Both may be changed while a test runs.
    """

    def __init__(self, *models: Model | str, lists: Mapping[str, Sequence[str]] | None = None) -> None:
        made = [each if isinstance(each, Model) else model(each) for each in models]
        self.known: dict[str, Model] = {each.id: each for each in made}
        self.lists: dict[str, tuple[str, ...]] = {name: tuple(ids) for name, ids in (lists or {}).items()}

    def put(self, changed: Model) -> None:
        """Add a model, or replace the one of the same id."""
        self.known[changed.id] = changed

    def candidates(self, name: str) -> tuple[Model, ...]:
        """Resolve a name or an alias, unusable models included."""
        if name in self.lists:
            return tuple(self.known[each] for each in self.lists[name])
        found = self.get(name)
        if found is None:
            near = difflib.get_close_matches(name, [*self.known, *self.lists])
            raise NotFound(f"There is no model {name!r}.", param="model", hint=f"Near: {', '.join(near)}")
        return (found,)

    def get(self, model_id: str) -> Model | None:
        """Look up one model by its id or alias."""
        if model_id in self.known:
            return self.known[model_id]
        if model_id in self.lists:
            return self.known[self.lists[model_id][0]]
        return next((each for each in self.known.values() if model_id in each.aliases), None)

    def models(self) -> tuple[Model, ...]:
        """Every model."""
        return tuple(self.known.values())

    def providers(self) -> tuple[ProviderState, ...]:
        """One row for each provider that has a model."""
        names = dict.fromkeys(each.provider for each in self.known.values())
        at = datetime(2026, 1, 1, tzinfo=UTC)
        return tuple(ProviderState(name, "available", None, at, key_configured=True) for name in names)

    def panel(self, wanted: Sequence[str], *, size: int) -> tuple[Model, ...]:
        """Resolve the `wanted` names without duplicates, or take the `size` strongest usable ones."""
        if wanted:
            chosen = {found.id: found for found in (self.candidates(name)[0] for name in wanted)}
            return tuple(chosen.values())
        usable = [each for each in self.known.values() if each.usable and each.kind == "upstream"]
        return tuple(sorted(usable, key=lambda each: -(each.strength or 0))[:size])

    def strongest(self, among: Sequence[str]) -> tuple[str, ...]:
        """Order by strength; unranked ones last, in their given order."""
        strengths = {name: (found.strength or 0) if (found := self.get(name)) else 0 for name in among}
        return tuple(sorted(among, key=lambda name: -strengths[name]))
