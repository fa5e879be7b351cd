"""How a setting is declared: its sentence, its default in each environment, and how its value is written."""

from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, Final, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

Environment: TypeAlias = Literal["development", "testing", "production"]
ENVIRONMENTS: Final[tuple[Environment, ...]] = get_args(Environment)
MASK: Final = "********"


@dataclass(frozen=True, slots=True)
class Each:
    """One default for each environment."""

    development: Any
    testing: Any
    production: Any


@dataclass(frozen=True, slots=True)
class Setting:
    """What is declared beside a field's type and bounds.

    `default` may be an `Each`; None is "not set". `computed` says in words what a default is that only start-up
    knows. `conventional` names carry no `ULTRA_`. `inert` says from when a setting is used that is not used yet.
    """

    sentence: str
    default: Any = None
    computed: Each | str | None = None
    conventional: bool = False
    secret: bool = False
    inert: str | None = None

    def default_in(self, environment: Environment) -> Any:
        """Return the default value in `environment`."""
        return getattr(self.default, environment) if isinstance(self.default, Each) else self.default

    def default_text(self, environment: Environment) -> str | None:
        """Return the default as it would be written in a file, or in words where only start-up knows it."""
        computed = getattr(self.computed, environment) if isinstance(self.computed, Each) else self.computed
        if computed is not None:
            return f"({computed})"
        value = self.default_in(environment)
        if isinstance(value, bool):
            return str(value).lower()
        return None if value is None or value == () else str(value)


@dataclass(frozen=True, slots=True)
class Declared:
    """A setting with its name outside (`ULTRA_PORT`), its field inside (`port`) and the section it stands in."""

    name: str
    field: str
    section: str
    setting: Setting
    is_path: bool
    is_optional: bool


class Section(BaseModel):
    """Settings that belong together; the first line of a section's docstring is its heading."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)


def read_declarations(model: type[BaseModel]) -> tuple[Declared, ...]:
    """List the settings that `model` declares, section by section, in the order they are written."""
    sections = [each for each in reversed(model.__mro__) if issubclass(each, Section) and each is not Section]
    found: dict[str, Declared] = {}
    order = [base for base in model.__bases__ if base in sections]
    for section in order:
        heading = (section.__doc__ or "").strip().splitlines()[0].rstrip(".")
        for field, info in section.model_fields.items():
            setting = _setting_of(field, info)
            name = field.upper() if setting.conventional else f"ULTRA_{field.upper()}"
            found[name] = Declared(
                name,
                field,
                heading,
                setting,
                is_path=Path in _kinds(info),
                is_optional=setting.secret or NoneType in _kinds(info),
            )
    return tuple(found.values())


def _kinds(info: FieldInfo) -> tuple[Any, ...]:
    return get_args(info.annotation) or (info.annotation,)


def _setting_of(field: str, info: FieldInfo) -> Setting:
    for each in info.metadata:
        if isinstance(each, Setting):
            return each
    raise TypeError(f"The field {field!r} carries no Setting.")
