"""Where values come from, highest first, and what each place says."""

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Final, Literal, TypeAlias

from ultra.config.declaration import Environment
from ultra.config.envfile import EnvFile, read_env_file
from ultra.config.problems import Problem, unknown_name
from ultra.config.secret import FileSource, FixedSource, MappingSource, MaskedUrl, SecretSource, mode_problem

Kind: TypeAlias = Literal["override", "process", "secrets", "local", "template", "dotenv", "default"]


_URLS: Final = frozenset({"DATABASE_URL", "REDIS_URL"})

SecretReader: TypeAlias = Callable[[str], SecretSource]
"""Makes the reference to one name in one source."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was written, and where; the value is kept out of the repr because it may be a secret."""

    raw: object = field(repr=False)
    kind: Kind
    place: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One source: what it gives now, and how to read a secret from it later."""

    kind: Kind
    label: str
    given: Mapping[str, Given]
    secret: SecretReader


def override_layer(overrides: Mapping[str, object]) -> Layer:
    """Take the command line: a None there means that nothing was said."""
    said = {name: value for name, value in overrides.items() if value is not None}
    given = {name: Given(value, "override", "command line") for name, value in said.items()}
    return Layer("override", "command line", given, partial(_fixed, said))


def process_layer(environ: Mapping[str, str], known: frozenset[str]) -> tuple[Layer, list[Problem]]:
    """Read the process environment: names that begin with ULTRA_ must be ours, all others are none of our business."""
    place = "process environment"
    problems = [
        unknown_name(name, place, known) for name in sorted(environ) if _claims_ours(name) and name not in known
    ]
    given = {name: Given(environ[name], "process", place) for name in known if name in environ}
    return Layer("process", place, given, partial(MappingSource, environ)), problems


def secrets_layer(folder: Path, known: frozenset[str]) -> tuple[Layer, list[Problem]]:
    """Read a folder with one file a setting, named as the setting or in lower case; other files are left alone."""
    label = f"secrets directory {folder}"
    reader = partial(_mounted, folder)
    try:
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        sentence = f"names a folder that cannot be read: {error.strerror}."
        return Layer("secrets", label, {}, reader), [Problem("ULTRA_SECRETS_DIR", sentence, None, "secrets folder")]
    problems = _judge_folder(folder)
    given: dict[str, Given] = {}
    for file in names:
        name = file.upper()
        if name not in known:
            problems += [unknown_name(file, label, known)] if _claims_ours(file) else []
        elif name in given:
            problems.append(Problem(name, f"has two files in the {label}.", "Keep one of them.", "mounted"))
        elif (raw := FileSource(folder / file).read()) is None:
            sentence = f"has a file in the {label} that is not one line of readable text."
            problems.append(
                Problem(name, sentence, "Write the value alone into it, readable for this account.", "mounted")
            )
        else:
            given[name] = Given(raw, "secrets", f"{label}, file {file}")
            problems += _judge_file(name, folder / file)
    return Layer("secrets", label, given, reader), problems


def file_layer(path: Path, kind: Literal["local", "template"]) -> tuple[Layer, list[Problem]]:
    """Read an env file; the one of this machine holds secrets and is closed to other accounts."""
    parsed = read_env_file(path)
    problems = list(parsed.problems)
    if kind == "local" and path.exists():
        problems += _judge_privacy(path)
    return Layer(kind, path.name, _given(parsed, kind, path), partial(FileSource, path)), problems


def judge_names(layer: Layer, known: frozenset[str], referenced: frozenset[str] | None) -> list[Problem]:
    """Every name in an env file must be a setting, or one that `ultra.toml` refers to as `env:NAME`.

    A misspelt key would otherwise be ignored in silence. `referenced` None is unknown: then only names that claim
    to be settings are judged.
    """
    return [
        unknown_name(name, each.place, known)
        for name, each in layer.given.items()
        if name not in known and (_claims_ours(name) if referenced is None else name not in referenced)
    ]


def judge_template(layer: Layer, secret_names: frozenset[str], environment: Environment) -> list[Problem]:
    """Refuse secrets in a file that is committed."""
    hint = f"Move it to .env.{environment}.local, which is not committed, with mode 0600."
    return [
        Problem(name, f"is a secret and stands in {each.place}, which is committed.", hint, "committed")
        for name, each in layer.given.items()
        if each.raw and (name in secret_names or (name in _URLS and MaskedUrl(str(each.raw)).has_password))
    ]


def dotenv_layer(path: Path, environment: Environment) -> tuple[Layer, list[Problem]]:
    """Read the `.env` file: it chooses the environment and does nothing else."""
    parsed = read_env_file(path)
    problems = list(parsed.problems)
    for name in parsed.lines:
        if name != "ENVIRONMENT":
            hint = (
                f"Put it into .env.{environment}.local (this machine, secrets) or .env.{environment} (for everybody)."
            )
            problems.append(Problem(name, "does not belong into .env, which holds ENVIRONMENT only.", hint, "dotenv"))
    given = {name: each for name, each in _given(parsed, "dotenv", path).items() if name == "ENVIRONMENT"}
    return Layer("dotenv", path.name, given, partial(_fixed, {})), problems


def _given(parsed: EnvFile, kind: Kind, path: Path) -> dict[str, Given]:
    return {name: Given(line.raw, kind, f"{path.name}, line {line.number}") for name, line in parsed.lines.items()}


def _claims_ours(name: str) -> bool:
    return name.upper().startswith("ULTRA_")


def _fixed(said: Mapping[str, object], name: str) -> SecretSource:
    value = said.get(name)
    return FixedSource(None if value is None else str(value))


def _mounted(folder: Path, name: str) -> SecretSource:
    lower = folder / name.lower()
    return FileSource(lower if lower.exists() and not (folder / name).exists() else folder / name)


def _judge_privacy(path: Path) -> list[Problem]:
    """See that a file of secrets is ours or root's, closed to all others, and that nobody can put another there."""
    if os.name == "nt":
        return []
    problems = []
    if command := mode_problem(path):
        sentence = "may be read by other accounts of this machine."
        problems.append(Problem(path.name, sentence, f"Run: {command}", "mode"))
    if path.stat().st_uid not in (0, os.geteuid()):
        hint = "Its owner should be the account that runs Ultra, or root."
        problems.append(Problem(path.name, "belongs to another account.", hint, "mode"))
    folder = path.parent.stat().st_mode
    if folder & 0o002 and not folder & stat.S_ISVTX:
        sentence = "stands in a folder where every account may replace it."
        problems.append(Problem(path.name, sentence, f"Run: chmod o-w {quote(str(path.parent))}", "mode"))
    return problems


def _judge_file(name: str, path: Path) -> list[Problem]:
    """See that nobody else writes to a file of the secrets directory, wherever its link leads."""
    if os.name == "nt" or os.statvfs(path).f_flag & os.ST_RDONLY or not path.stat().st_mode & 0o022:
        return []
    sentence = "has a file in the secrets directory that other accounts may write to."
    return [Problem(name, sentence, f"Run: chmod go-w {quote(str(path))}", "secrets folder")]


def _judge_folder(folder: Path) -> list[Problem]:
    """Owned by this account or root, and nobody else writes there; a read-only mount is safe whatever its mode."""
    if os.name == "nt" or os.statvfs(folder).f_flag & os.ST_RDONLY:
        return []
    found = folder.stat()
    problems = []
    if found.st_uid not in (0, os.geteuid()):
        sentence, hint = "names a folder that belongs to another account.", "Its owner should be this one, or root."
        problems.append(Problem("ULTRA_SECRETS_DIR", sentence, hint, "secrets folder"))
    if found.st_mode & 0o022:
        sentence, hint = "names a folder that other accounts may write to.", f"Run: chmod go-w {quote(str(folder))}"
        problems.append(Problem("ULTRA_SECRETS_DIR", sentence, hint, "secrets folder"))
    return problems
