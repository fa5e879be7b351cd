"""Reads every source once, merges them and judges the result: all problems at once, or frozen settings."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from ultra.config.declaration import ENVIRONMENTS, MASK, Declared, Environment, read_declarations
from ultra.config.problems import ConfigurationInvalid, Problem, unknown_name
from ultra.config.secret import FileSource, MaskedUrl, SecretRef
from ultra.config.settings import Settings
from ultra.config.sources import (
    Given,
    Kind,
    Layer,
    dotenv_layer,
    file_layer,
    judge_names,
    judge_template,
    override_layer,
    process_layer,
    secrets_layer,
)
from ultra.config.toml_file import Presets, UltraToml, read_toml
from ultra.domain.findings import Finding
from ultra.system import System


@dataclass(frozen=True, slots=True)
class Shown:
    """A value fit to be shown: secrets are masked, None is not set."""

    value: str | None
    kind: Kind
    place: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting's value comes from, and what it overrode, highest first."""

    name: str
    in_force: Shown
    overrode: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with their origins, and `ultra.toml` with the keys of its providers by provider name.

    `findings` are what judges have found of them all together; none were found where nobody has judged.
    """

    settings: Settings
    origins: Mapping[str, Origin]
    toml: UltraToml
    keys: Mapping[str, SecretRef] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What the sources say as far as it can be understood, and every problem met on the way.

    `loaded` has defaults where values are wrong, and an empty `ultra.toml` where that is wrong: good for judging the
    rest by. It is None where the environment is none of the three.
    """

    loaded: Loaded | None
    problems: tuple[Problem, ...]


@cache
def declarations() -> tuple[Declared, ...]:
    """Return every setting in the order of the reference page."""
    return read_declarations(Settings)


def load(
    *,
    environ: Mapping[str, str],
    folder: Path,
    overrides: Mapping[str, object] | None = None,
    presets: Presets | Collection[str] | None = None,
    system: System | None = None,
) -> Loaded:
    """Read the settings that hold in `folder`, as `read` does; raises `ConfigurationInvalid` with every problem."""
    reading = read(environ=environ, folder=folder, overrides=overrides, presets=presets, system=system)
    if reading.problems or reading.loaded is None:
        raise ConfigurationInvalid(reading.problems)
    return reading.loaded


def read(
    *,
    environ: Mapping[str, str],
    folder: Path,
    overrides: Mapping[str, object] | None = None,
    presets: Presets | Collection[str] | None = None,
    system: System | None = None,
) -> Reading:
    """Read the settings that hold in `folder` for a process with `environ`; `overrides` (by name) win over all.

    `presets` are the names of known compatible servers, to judge `ultra.toml` by; a mapping also says where each is and
    which variable usually holds its key. Each value is judged by itself; what values mean together is not judged here.
    Nothing is written and no network is used.
    """
    known = frozenset(each.name for each in declarations())
    folder = folder.absolute()
    environment, outer, problems = outer_layers(environ, folder, overrides or {}, known)
    if environment is None:
        return Reading(None, tuple(problems))
    layers, more = inner_layers(outer, folder, environment, known)
    problems += more
    given = {each.name: candidates(each.name, layers) for each in declarations()}
    add_defaults(given, folder, environment, system or System())
    toml, toml_problems = read_toml(config_path(given, folder), presets)
    known_presets = presets if isinstance(presets, Mapping) else None
    references = None if toml_problems else toml.references(known_presets)
    problems += _judge_files(layers, known, references, environment) + toml_problems
    settings, faults = _validate(given, layers, folder)
    origins = {each.name: _origin(each, given[each.name]) for each in declarations()}
    keys = {each.name: _key(key, layers) for each in toml.providers if (key := each.key(known_presets)) is not None}
    return Reading(Loaded(settings, origins, toml, keys), (*problems, *faults))


def outer_layers(
    environ: Mapping[str, str], folder: Path, overrides: Mapping[str, object], known: frozenset[str]
) -> tuple[Environment | None, list[Layer], list[Problem]]:
    """Read the sources that can choose the environment, and choose it; None is an unusable choice: reading ends."""
    override = override_layer(overrides)
    process, problems = process_layer(environ, known)
    unknown = [unknown_name(name, "command line", known) for name in override.given if name not in known]
    dotenv, file_problems = dotenv_layer(folder / ".env", "development")
    chosen = next(
        (layer.given["ENVIRONMENT"] for layer in (override, process, dotenv) if "ENVIRONMENT" in layer.given), None
    )
    name = ENVIRONMENTS[0] if chosen is None else chosen.raw
    if name in ENVIRONMENTS:
        environment: Environment = name
        dotenv, file_problems = dotenv_layer(folder / ".env", environment)
        return environment, [override, process, dotenv], [*unknown, *problems, *file_problems]
    place = chosen.place if chosen else ""
    sentence = f"should be exactly development, testing or production, in lower case ({place})."
    wrong = Problem("ENVIRONMENT", sentence, "Write one of the three.", "environment")
    return None, [], [wrong, *unknown, *problems, *file_problems]


def inner_layers(
    outer: list[Layer], folder: Path, environment: Environment, known: frozenset[str]
) -> tuple[list[Layer], list[Problem]]:
    """Read the sources that the environment chooses, and put all of them in order, highest first."""
    override, process, dotenv = outer
    local, problems = file_layer(folder / f".env.{environment}.local", "local")
    template, more = file_layer(folder / f".env.{environment}", "template")
    problems += more
    problems += [
        Problem(
            "ENVIRONMENT",
            f"differs from the name of the file it stands in ({layer.given['ENVIRONMENT'].place}).",
            "Remove it there: .env chooses the environment.",
            "misplaced",
        )
        for layer in (local, template)
        if "ENVIRONMENT" in layer.given and layer.given["ENVIRONMENT"].raw != environment
    ]
    layers = [override, process, local, template]
    mounted = next(
        (layer.given["ULTRA_SECRETS_DIR"].raw for layer in layers if "ULTRA_SECRETS_DIR" in layer.given), None
    )
    if mounted:
        secrets, more = secrets_layer(folder / Path(str(mounted)).expanduser(), known)
        problems += more
        problems += [
            Problem(
                name,
                "cannot be set in the secrets directory: it is needed before that is read.",
                "Set it in the process environment.",
                "mounted",
            )
            for name in ("ENVIRONMENT", "ULTRA_SECRETS_DIR")
            if name in secrets.given
        ]
        layers.insert(2, secrets)
    return [*layers, dotenv], problems


def candidates(name: str, layers: list[Layer]) -> list[Given]:
    """Return what the layers give a setting, highest first."""
    return [layer.given[name] for layer in layers if name in layer.given]


def add_defaults(given: dict[str, list[Given]], folder: Path, environment: Environment, system: System) -> None:
    """Put the environment's default below everything else; three defaults depend on the folder."""
    for each in declarations():
        value = each.setting.default_in(environment)
        if value is not None:
            given[each.name].append(Given(value, "default", f"default in {environment}"))
    place = f"default in {environment}"
    data = folder / Path(str(given["ULTRA_DATA_DIR"][0].raw)).expanduser()
    file = data / "testing" / f"{system.new_id('db')}.db" if environment == "testing" else data / "ultra.db"
    given["DATABASE_URL"].append(Given(f"sqlite:///{file}", "default", place))
    if (folder / "ultra.toml").is_file():
        given["ULTRA_CONFIG"].append(Given("ultra.toml", "default", place))


def config_path(given: Mapping[str, list[Given]], folder: Path) -> Path | None:
    """Return where `ultra.toml` is, None where nothing says so."""
    named = given["ULTRA_CONFIG"]
    return folder / Path(str(named[0].raw)).expanduser() if named and named[0].raw else None


def _judge_files(
    layers: list[Layer], known: frozenset[str], references: frozenset[str] | None, environment: Environment
) -> list[Problem]:
    secret = frozenset(each.name for each in declarations() if each.setting.secret) | (references or frozenset())
    problems = []
    for layer in layers:
        if layer.kind in ("local", "template"):
            problems += judge_names(layer, known, references)
        if layer.kind == "template":
            problems += judge_template(layer, secret, environment)
    return problems


def _validate(given: Mapping[str, list[Given]], layers: list[Layer], folder: Path) -> tuple[Settings, list[Problem]]:
    """Check types and bounds of the values in force; say what is wrong and where it stands, never the value.

    With problems, the settings returned have defaults where the values are wrong: good for judging the rest by.
    """
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for each in declarations():
        raw = given[each.name][0].raw if given[each.name] else None
        if each.setting.secret:
            values[each.field] = SecretRef(each.name, [layer.secret(each.name) for layer in layers])
            if isinstance(raw, str) and not raw.strip().isprintable():
                sentence = f"holds a control character ({given[each.name][0].place})."
                problems.append(Problem(each.name, sentence, "Write it again, on one line."))
        elif raw == "" and not each.is_optional:
            problems.append(
                Problem(each.name, f"is empty ({given[each.name][0].place}).", "Give a value or remove it.")
            )
        else:
            values[each.field] = _prepare(each, raw, folder)
    for each in declarations():
        if each.field not in values:
            values[each.field] = _default(each.name, given, folder)
    try:
        return Settings.model_validate(values), problems
    except ValidationError as error:
        problems += _explain(error, given)
        wrong = {str(fault["loc"][0]) for fault in error.errors()}
        values |= {each.field: _default(each.name, given, folder) for each in declarations() if each.field in wrong}
        return Settings.model_validate(values), problems


def _default(name: str, given: Mapping[str, list[Given]], folder: Path) -> object:
    """Return the lowest source's value of a setting that is no secret: its default, None where it has none."""
    declared = next(each for each in declarations() if each.name == name)
    lowest = given[name][-1] if given[name] else None
    return _prepare(declared, lowest.raw if lowest and lowest.kind == "default" else None, folder)


def _prepare(each: Declared, raw: object, folder: Path) -> object:
    """Turn an empty text into None, and a path into an absolute one: relative ones count from `folder`."""
    if raw is None or raw == "":
        return None
    if each.is_path:
        return folder / Path(str(raw)).expanduser()
    text = str(raw)
    if each.name == "DATABASE_URL" and text.startswith("sqlite") and ":memory:" not in text:
        scheme, separator, path = text.partition(":///")
        return f"{scheme}{separator}{folder / path}" if separator and path else text
    return raw


def _explain(error: ValidationError, given: Mapping[str, list[Given]]) -> list[Problem]:
    names = {each.field: each.name for each in declarations()}
    found: dict[str, Problem] = {}
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        name = names[str(fault["loc"][0])]
        place = f" ({given[name][0].place})" if given[name] else ""
        sentence = fault["msg"].removeprefix("Input ").removeprefix("Value error, ")
        found.setdefault(name, Problem(name, f"{sentence}{place}."))
    return list(found.values())


def _origin(declared: Declared, given: list[Given]) -> Origin:
    shown = [Shown(_shown(declared, each.raw), each.kind, each.place) for each in given]
    first = shown[0] if shown else Shown(None, "default", "not set")
    return Origin(declared.name, first, tuple(shown[1:]))


def _shown(declared: Declared, raw: object) -> str | None:
    if raw is None or raw in ("", ()):
        return None
    if declared.setting.secret:
        return MASK
    if declared.name in ("DATABASE_URL", "REDIS_URL"):
        return str(MaskedUrl(str(raw)))
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def _key(reference: str, layers: list[Layer]) -> SecretRef:
    """Make the reference that `env:NAME` or `file:/path` stands for; NAME is looked up in every source."""
    kind, _, target = reference.partition(":")
    if kind == "file":
        return SecretRef(reference, [FileSource(Path(target))])
    return SecretRef(target, [layer.secret(target) for layer in layers])
