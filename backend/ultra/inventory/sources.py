"""What the inventory is told of each provider, of models by the operator, and of ensembles."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ultra.domain.ports import Provider
from ultra.domain.pricing import Price


@dataclass(frozen=True, slots=True)
class ProviderSource:
    """One configured provider.

    `has_key` is asked again each time, because keys may come and go; a provider without `needs_key` is asked without
    one. `models` are names given by the operator, listed whether or not the provider lists them. `pricing` is the name
    of the vendor whose published prices hold, None where nobody publishes any. `is_own` says that it runs on the
    operator's own machines, where no token is charged.
    """

    provider: Provider
    has_key: Callable[[], bool]
    needs_key: bool = True
    mock: bool = False
    base_url: str | None = None
    models: tuple[str, ...] = ()
    pricing: str | None = None
    is_own: bool = False

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.provider.name


@dataclass(frozen=True, slots=True)
class Remark:
    """What the operator says of one model; None leaves what is known."""

    disabled: bool = False
    strength: int | None = None
    display_name: str | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    tools: bool | None = None
    json_schema: bool | None = None


@dataclass(frozen=True, slots=True)
class Ensemble:
    """A model of Ultra's own, `ultra/<pattern>`: it asks a panel of `members` and needs `quorum` of them."""

    pattern: str
    display_name: str | None = None
    members: int = 4
    quorum: int = 2


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What the operator arranged: names for models, lists of them, remarks and prices of their own."""

    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    panels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    remarks: Mapping[str, Remark] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
