"""The inventory: which models there are, put together from what everybody says of them."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Final, TypeVar

from ultra.domain.errors import InvalidRequest, NotFound
from ultra.domain.models import Capabilities, Lifecycle, Limits, ListedModel, Model, ProviderState
from ultra.inventory import availability, panel
from ultra.inventory.facts import Facts
from ultra.inventory.health import Health
from ultra.inventory.live import LiveLists
from ultra.inventory.prices import OWN_PRICE, Prices
from ultra.inventory.sources import Arrangement, Ensemble, ProviderSource, Remark
from ultra.system import System

OWN: Final = "ultra"
"""The provider's name of ensembles."""
FAULTS: Final = "mock-"
"""Names that begin like this ask a mock for a fault; they can be named there, and are not listed."""

_Group = TypeVar("_Group", Limits, Capabilities, Lifecycle)


class Inventory:
    """Keeps the promise `Catalogue`, from memory; the lists behind it are refreshed elsewhere."""

    def __init__(
        self,
        *,
        sources: Sequence[ProviderSource],
        facts: Facts,
        health: Health,
        live: LiveLists,
        prices: Prices,
        system: System,
        arrangement: Arrangement | None = None,
        ensembles: Sequence[Ensemble] = (),
    ) -> None:
        self._sources = {source.name: source for source in sources}
        self._facts = facts
        self._health = health
        self._live = live
        self._prices = prices
        self._system = system
        self._ensembles = {f"{OWN}/{ensemble.pattern}": ensemble for ensemble in ensembles}
        self._known: dict[str, Model] = {}
        self._version = -1
        self.rearrange(arrangement or Arrangement())

    def rearrange(self, arrangement: Arrangement, sources: Sequence[ProviderSource] | None = None) -> None:
        """Put another arrangement of the operator in force, and other providers where they are given."""
        if sources is not None:
            self._sources = {source.name: source for source in sources}
        self._arrangement = arrangement
        self._prices.replace_overrides(arrangement.prices)
        self._version = -1

    def candidates(self, name: str) -> tuple[Model, ...]:
        """Resolve `provider/model`, an alias or an ensemble to models in the order to try; raises `NotFound`."""
        targets = self._arrangement.aliases.get(name)
        if targets is None:
            return (self._resolve(name),)
        found = tuple(model for target in targets if (model := self._find(target)) is not None)
        return found or (self._resolve(targets[0]),)

    def get(self, model_id: str) -> Model | None:
        """Look up one model by its id or alias (its first choice); None when there is none."""
        targets = self._arrangement.aliases.get(model_id, (model_id,))
        return next((model for target in targets if (model := self._find(target)) is not None), None)

    def lists(self, model_id: str) -> bool:
        """Whether that id is one of a listed model, and not merely one that could be asked for."""
        return model_id in self._listed()

    def models(self) -> tuple[Model, ...]:
        """Every listed model with its present availability, price and latency, ensembles first."""
        upstream = self._upstream()
        return (*(self._ensemble(name, upstream) for name in self._ensembles), *upstream)

    def providers(self) -> tuple[ProviderState, ...]:
        """Every configured provider."""
        return tuple(self.provider(name)[0] for name in self._sources)

    @property
    def provider_names(self) -> tuple[str, ...]:
        """The names of all configured providers."""
        return tuple(self._sources)

    def provider(self, name: str) -> tuple[ProviderState, Sequence[Model]]:
        """Return one configured provider as a whole, and its models."""
        models = [self._present(model) for model in self._listed().values() if model.provider == name]
        passive, live = self._health.provider(name), self._live.of(name)
        return availability.of_provider(self._sources[name], passive=passive, live=live, models=models), models

    def panel(self, wanted: Sequence[str], *, size: int) -> tuple[Model, ...]:
        """Choose who is asked: the `wanted` names (models, aliases, panels of the operator) without duplicates.

        Without names: the usable members of the operator's panel `default`, or strong ones of different providers;
        at most `size`. Raises `NotFound` for an unknown name, `InvalidRequest` for an ensemble.
        """
        if not wanted:
            return self._default_panel(size)
        names = [member for name in wanted for member in self._arrangement.panels.get(name, (name,))]
        return self._members(names)

    def strongest(self, among: Sequence[str]) -> tuple[str, ...]:
        """Order model ids from strongest to weakest; unknown and unranked ones last, in their given order."""
        found = {name: self.get(name) for name in among}
        rank = {
            name: -1 if model is None or model.strength is None else model.strength for name, model in found.items()
        }
        return tuple(sorted(among, key=lambda name: rank[name], reverse=True))

    def _default_panel(self, size: int) -> tuple[Model, ...]:
        default = self._arrangement.panels.get("default")
        if default is None:
            return panel.choose((model for model in self._upstream() if model.usable), size=size)
        members = self._members(default)
        usable = tuple(member for member in members if member.usable)
        return (usable or members)[:size]

    def _members(self, names: Sequence[str]) -> tuple[Model, ...]:
        chosen: dict[str, Model] = {}
        for name in names:
            options = self.candidates(name)
            member = next((option for option in options if option.usable), options[0])
            if member.kind == "ensemble":
                raise InvalidRequest(f"{name} is an ensemble and cannot be a member of a panel.", param="models")
            chosen.setdefault(member.id, member)
        return tuple(chosen.values())

    def _find(self, model_id: str) -> Model | None:
        try:
            return self._resolve(model_id)
        except NotFound:
            return None

    def _resolve(self, model_id: str) -> Model:
        if model_id in self._ensembles:
            return self._ensemble(model_id, self._upstream())
        listed = self._listed().get(model_id)
        if listed is not None:
            return self._present(listed)
        provider, slash, name = model_id.partition("/")
        source = self._sources.get(provider)
        if source is None or not slash or not name:
            raise self._unknown(model_id)
        is_fault = source.mock and name.startswith(FAULTS)
        if self._live.of(provider).models is not None and not is_fault:
            raise self._unknown(model_id)
        return self._present(self._dress(source, self._facts.about(provider, name), None))

    def _unknown(self, name: str) -> NotFound:
        names = [*self._listed(), *self._ensembles, *self._arrangement.aliases]
        near = [each for each in names if each.endswith(f"/{name}")][:3]
        near = near or difflib.get_close_matches(name[:200], names, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else "`ultra models` lists what can be asked."
        return NotFound(f"There is no model {name[:200]!r}.", param="model", code="model_not_found", hint=hint)

    def _upstream(self) -> tuple[Model, ...]:
        return tuple(self._present(model) for model in self._listed().values())

    def _ensemble(self, name: str, upstream: Sequence[Model]) -> Model:
        ensemble = self._ensembles[name]
        wanted, members = self._cast(ensemble, upstream)
        return Model(
            id=name,
            provider=OWN,
            provider_model=ensemble.pattern,
            kind="ensemble",
            display_name=ensemble.display_name,
            capabilities=Capabilities(streaming=True, tools=False, source="catalogue"),
            availability=availability.of_ensemble(ensemble, members, total=max(len(wanted), len(members))),
            mock=any(member.mock for member in members or wanted),
            members=tuple(member.id for member in members or wanted),
        )

    def _cast(self, ensemble: Ensemble, upstream: Sequence[Model]) -> tuple[Sequence[Model], Sequence[Model]]:
        """Return who would be asked if all were well, and who would be asked now."""
        default = self._arrangement.panels.get("default")
        if default is None:
            wanted: Sequence[Model] = panel.choose(upstream, size=ensemble.members)
            return wanted, panel.choose((model for model in upstream if model.usable), size=ensemble.members)
        wanted = self._members(default)
        return wanted[: ensemble.members], [member for member in wanted if member.usable][: ensemble.members]

    def _present(self, model: Model) -> Model:
        """Add what changes from moment to moment."""
        source = self._sources[model.provider]
        now = self._system.now()
        remark = self._arrangement.remarks.get(model.id)
        if remark is not None and remark.disabled:
            found = availability.DISABLED
        else:
            passive = self._health.findings(model.id)
            live = self._live.of(model.provider)
            found = availability.of_model(model, source=source, passive=passive, live=live, now=now)
        lifecycle = model.lifecycle
        if availability.is_retired(model, now) and lifecycle.status != "retired":
            lifecycle = replace(lifecycle, status="retired")
        price = self._prices.of(model.id, pricing=source.pricing) or (OWN_PRICE if source.is_own else None)
        latency = self._health.latency(model.id)
        return replace(model, availability=found, lifecycle=lifecycle, price=price, latency=latency)

    def _listed(self) -> Mapping[str, Model]:
        """Return what lasts of every listed model; it is put together again when a list changed."""
        if self._version != self._live.version:
            self._known = {model.id: model for source in self._sources.values() for model in self._of_source(source)}
            self._version = self._live.version
        return self._known

    def _of_source(self, source: ProviderSource) -> Iterator[Model]:
        live = self._live.of(source.name).models or {}
        shipped = [model.provider_model for model in self._facts.of_provider(source.name)]
        for name in dict.fromkeys([*shipped, *source.models, *live]):
            if not (source.mock and name.startswith(FAULTS)):
                yield self._dress(source, self._facts.about(source.name, name), live.get(name))

    def _dress(self, source: ProviderSource, model: Model, listed: ListedModel | None) -> Model:
        """Lay what the provider says over what the catalogue says, and what the operator says over both."""
        if listed is not None:
            model = replace(
                model,
                display_name=listed.display_name or model.display_name,
                created=listed.created or model.created,
                limits=_overlay(model.limits, listed.limits),
                capabilities=_overlay(model.capabilities, listed.capabilities),
                lifecycle=_overlay(model.lifecycle, listed.lifecycle),
            )
        remark = self._arrangement.remarks.get(model.id)
        if remark is not None:
            model = _remarked(model, remark)
        aliases = tuple(alias for alias, targets in self._arrangement.aliases.items() if targets[0] == model.id)
        return replace(model, mock=source.mock, aliases=aliases)


def _overlay(below: _Group, above: _Group) -> _Group:
    """Take every fact that `above` states; the source is that of `above` when it states any."""
    stated = {
        each.name: value
        for each in fields(above)
        if (value := getattr(above, each.name)) is not None and value != {} and each.name != "source"
    }
    return replace(below, **stated, source=above.source or "provider") if stated else below


def _remarked(model: Model, remark: Remark) -> Model:
    limits = model.limits
    if remark.context_tokens is not None or remark.max_output_tokens is not None:
        limits = replace(
            limits,
            context_tokens=remark.context_tokens or limits.context_tokens,
            max_output_tokens=remark.max_output_tokens or limits.max_output_tokens,
            source="operator",
        )
    return replace(
        model,
        strength=model.strength if remark.strength is None else remark.strength,
        display_name=remark.display_name or model.display_name,
        limits=limits,
        capabilities=_able(model.capabilities, remark),
    )


def _able(known: Capabilities, remark: Remark) -> Capabilities:
    if remark.tools is None and remark.json_schema is None:
        return known
    return replace(
        known,
        tools=known.tools if remark.tools is None else remark.tools,
        json_schema=known.json_schema if remark.json_schema is None else remark.json_schema,
        source="operator",
    )
