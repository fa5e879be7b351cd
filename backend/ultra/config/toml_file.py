"""The optional `ultra.toml`: aliases, panels, compatible providers, prices and what an operator says of models."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, Protocol, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ultra.config.problems import Problem, nearest
from ultra.config.values import check_base_url
from ultra.domain.pricing import Price, Tier

VENDORS: Final = ("openai", "anthropic", "gemini")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/.+")


def _amount(value: object) -> Decimal:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError('should be a decimal in quotes, such as "2.50"')  # noqa: TRY004 - pydantic collects ValueError
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError('should be a decimal in quotes, such as "2.50"') from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("should be zero or more")
    return amount


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("should be lower-case letters, digits, dots and dashes")
    return name


def _check_id(name: str) -> str:
    provider, slash, model = name.partition("/")
    if not (provider and slash and model):
        raise ValueError("should be provider/model")
    return name


def _check_reference(reference: str) -> str:
    if not _REFERENCE.fullmatch(reference):
        raise ValueError("should be env:NAME or file:/path, never the key itself")
    return reference


class Preset(Protocol):
    """A known compatible server: where it usually is, and how the variable with its key is usually called."""

    @property
    def base_url(self) -> str:
        """Its usual address."""

    @property
    def key_setting(self) -> str | None:
        """The usual name of its key; None where it needs none."""


Presets: TypeAlias = Mapping[str, Preset]

Amount: TypeAlias = Annotated[Decimal, BeforeValidator(_amount)]
Name: TypeAlias = Annotated[str, AfterValidator(_check_name)]
ModelId: TypeAlias = Annotated[str, AfterValidator(_check_id)]
Names: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Ids: TypeAlias = Annotated[tuple[ModelId, ...], BeforeValidator(_listed), Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class TierTable(_Table):
    """Rates from `above` input tokens on."""

    above: Annotated[int, Field(gt=0)]
    input: Amount | None = None
    output: Amount | None = None
    cache_read: Amount | None = None
    cache_write: Amount | None = None
    cache_write_1h: Amount | None = None


class PriceTable(_Table):
    """`[prices."provider/model"]`: USD per million tokens, decimals in quotes."""

    input: Amount
    output: Amount
    cache_read: Amount | None = None
    cache_write_5m: Amount | None = None
    cache_write_1h: Amount | None = None
    tiers: Annotated[tuple[TierTable, ...], BeforeValidator(_listed)] = ()
    as_of: date | None = None

    def price(self) -> Price:
        """Return it as the operator's price, marked as such."""
        tiers = tuple(Tier(**tier.model_dump()) for tier in self.tiers)
        rates = self.model_dump(exclude={"tiers"})
        return Price(**rates, tiers=tiers, source="operator", overridden=True)


class ProviderTable(_Table):
    """`[[providers]]`: a server that speaks OpenAI's wire; or a vendor's name, to say that its server is private."""

    name: Name
    preset: str | None = None
    base_url: Annotated[str, AfterValidator(check_base_url)] | None = None
    api_key: Annotated[str, AfterValidator(_check_reference)] | None = None
    private: bool = False
    models: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()

    def address(self, presets: Presets | None) -> str | None:
        """Return where it is asked: as given here, else where its preset usually is."""
        preset = (presets or {}).get(self.preset or "")
        return self.base_url or (preset.base_url.rstrip("/") if preset else None)

    def key(self, presets: Presets | None) -> str | None:
        """Return the reference to its key: as given here, else the variable that its preset names."""
        preset = (presets or {}).get(self.preset or "")
        return self.api_key or (f"env:{preset.key_setting}" if preset and preset.key_setting else None)


class ModelTable(_Table):
    """`[models."provider/model"]`: what the operator says of a model; None leaves what is known."""

    disabled: bool = False
    strength: Annotated[int, Field(ge=0, le=1000)] | None = None
    display_name: str | None = None
    context_tokens: Annotated[int, Field(gt=0)] | None = None
    max_output_tokens: Annotated[int, Field(gt=0)] | None = None
    tools: bool | None = None
    json_schema: bool | None = None


class UltraToml(_Table):
    """The whole file; an absent one is an empty one."""

    aliases: dict[Name, Ids] = {}
    panels: dict[Name, Names] = {}
    providers: Annotated[tuple[ProviderTable, ...], BeforeValidator(_listed)] = ()
    prices: dict[ModelId, PriceTable] = {}
    models: dict[ModelId, ModelTable] = {}

    def prices_in_force(self) -> dict[str, Price]:
        """Return the operator's prices by model id."""
        return {name: table.price() for name, table in self.prices.items()}

    def private_providers(self) -> frozenset[str]:
        """Names of the providers that may be a neighbour on plain http."""
        return frozenset(provider.name for provider in self.providers if provider.private)

    def references(self, presets: Presets | None = None) -> frozenset[str]:
        """Return the names of variables that keys are taken from (`env:NAME`)."""
        keys = (provider.key(presets) or "" for provider in self.providers)
        return frozenset(key.removeprefix("env:") for key in keys if key.startswith("env:"))


def read_toml(path: Path | None, presets: Collection[str] | None = None) -> tuple[UltraToml, list[Problem]]:
    """Read `path` and judge all of it; a file with problems counts as empty. No sentence repeats a value.

    `presets` are the names of known compatible servers; None leaves presets unjudged. Whether the models it names exist
    is not judged here: that is known only where the providers are.
    """
    if path is None:
        return UltraToml(), []
    table, problems = _read(path, presets)
    return table, [replace(each, about="toml") for each in problems]


def _read(path: Path, presets: Collection[str] | None) -> tuple[UltraToml, list[Problem]]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return UltraToml(), [Problem("ULTRA_CONFIG", f"names a file that cannot be read: {error.strerror}.", None)]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return UltraToml(), [Problem(path.name, f"is not TOML: {error}.", None)]
    try:
        table = UltraToml.model_validate(data)
    except ValidationError as error:
        return UltraToml(), _explain(path.name, error)
    problems = _judge_providers(path.name, table, presets)
    return (UltraToml() if problems else table), problems


def _explain(file: str, error: ValidationError) -> list[Problem]:
    problems = []
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        where = f"{file}, {_key_path(each['loc'])}"
        if each["type"] == "extra_forbidden":
            meant = _nearest_key(each["loc"])
            problems.append(
                Problem(where, "is not a key that Ultra knows.", f"Did you mean {meant}?" if meant else None)
            )
        else:
            problems.append(Problem(where, f"{_sentence(each['msg'])}.", None))
    return problems


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input ")


def _key_path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":
            path += f".{part}" if _NAME.fullmatch(part) and "." not in part else f'."{part}"'
    return path.removeprefix(".")


_TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "providers": ProviderTable,
    "prices": PriceTable,
    "models": ModelTable,
}


def _nearest_key(location: tuple[int | str, ...]) -> str | None:
    top = str(location[0])
    table: Any = UltraToml if len(location) == 1 else TierTable if "tiers" in location else _TABLES.get(top)
    if table is None:
        return None
    known = {name.upper(): name for name in table.model_fields}
    found = nearest(str(location[-1]), known)
    return known[found] if found else None


def _judge_providers(file: str, table: UltraToml, presets: Collection[str] | None) -> list[Problem]:
    problems = []
    seen: set[str] = set()
    for index, provider in enumerate(table.providers):
        where = f"{file}, providers[{index}]"
        if provider.name in seen:
            problems.append(Problem(where, "has the name of an earlier one.", "Names are unique."))
        seen.add(provider.name)
        if provider.name == "ultra":
            problems.append(Problem(where, "may not be called ultra: ensembles have that name.", None))
        elif provider.name in VENDORS:
            problems += _judge_vendor(where, provider)
        elif provider.preset is None and provider.base_url is None:
            problems.append(Problem(where, "needs a preset or a base_url.", None))
        elif provider.preset is not None and presets is not None and provider.preset not in presets:
            hint = f"Known presets: {', '.join(sorted(presets))}."
            problems.append(Problem(f"{where}.preset", "is not a known preset.", hint))
    return problems


def _judge_vendor(where: str, provider: ProviderTable) -> list[Problem]:
    if provider.preset or provider.base_url or provider.api_key or provider.models:
        name = provider.name.upper()
        hint = f"Its address is ULTRA_{name}_BASE_URL and its key {name}_API_KEY."
        return [Problem(where, "names a vendor that Ultra knows; only `private` may be said of it here.", hint)]
    return []
