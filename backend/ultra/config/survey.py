"""Says what every source gives in an environment, without judging it: what a switch would change can be shown first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ultra.config.declaration import MASK, Environment
from ultra.config.load import add_defaults, candidates, config_path, declarations, inner_layers, outer_layers
from ultra.config.secret import MaskedUrl
from ultra.config.sources import Kind
from ultra.config.toml_file import Presets, read_toml
from ultra.system import System

_ADDRESSES = ("DATABASE_URL", "REDIS_URL")


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The value that holds for a name, as it is written (it may be a secret), and where; None is not set."""

    raw: str | None = field(repr=False)
    kind: Kind
    place: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What holds in an environment: settings in the order of the reference page, then other names of its env files.

    `references` are the names that `ultra.toml` takes keys from, None where that file cannot be read.
    """

    environment: Environment
    values: Mapping[str, Surveyed]
    references: frozenset[str] | None


def survey(
    *, environ: Mapping[str, str], folder: Path, environment: Environment, presets: Presets | None = None
) -> Survey:
    """Read what would hold in `folder` if `environment` were in force. Nothing is judged, so nothing is refused."""
    known = frozenset(each.name for each in declarations())
    folder = folder.absolute()
    _, outer, _ = outer_layers(environ, folder, {"ENVIRONMENT": environment}, known)
    layers, _ = inner_layers(outer, folder, environment, known)
    given = {each.name: candidates(each.name, layers) for each in declarations()}
    add_defaults(given, folder, environment, System())
    values: dict[str, Surveyed] = {}
    for each in declarations():
        first = given[each.name][0] if given[each.name] else None
        if first is None or first.kind == "default":
            text = each.setting.default_text(environment)
            values[each.name] = Surveyed(text, "default", f"default in {environment}")
        else:
            values[each.name] = Surveyed(str(first.raw) or None, first.kind, first.place)
    for layer in layers:
        if layer.kind in ("local", "template"):
            for name, one in layer.given.items():
                values.setdefault(name, Surveyed(str(one.raw) or None, one.kind, one.place))
    toml, problems = read_toml(config_path(given, folder), presets)
    return Survey(environment, values, None if problems else toml.references(presets))


def masked(name: str, value: str) -> str:
    """Return a value fit to be shown: nothing of secrets and of keys of one's own, no password of an address."""
    declared = next((each for each in declarations() if each.name == name), None)
    if declared is None or declared.setting.secret:
        return MASK
    return str(MaskedUrl(value)) if name in _ADDRESSES else value


def is_secret(name: str, value: str) -> bool:
    """Whether a value is not to be seen, wholly or in part."""
    return masked(name, value) != value
