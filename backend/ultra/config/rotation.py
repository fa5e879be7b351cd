"""Puts a fresh key in front of a ring that is kept in an env file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ultra.config.declaration import Environment
from ultra.config.envfile import read_env_file
from ultra.config.generation import locked, replace_file
from ultra.config.problems import ConfigurationInvalid, Problem
from ultra.system import System

SIGNING_KEYS: Final = "ULTRA_SIGNING_KEYS"
_KEPT: Final = 1
"""How many earlier keys still check what they signed; access tokens live ten minutes."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did, by the names of keys alone."""

    path: Path
    signs: str
    checks: tuple[str, ...]
    dropped: tuple[str, ...]


def rotate_signing_keys(folder: Path, environment: Environment, *, system: System) -> Rotation:
    """Put a fresh key first in `.env.{environment}.local`, keep the one that signed so far, and drop older ones.

    The file is replaced as a whole or not at all and keeps its order, its comments and mode 0600. Raises
    `ConfigurationInvalid` where the ring does not stand in that file, and `OSError` where it cannot be written.
    """
    path = folder / f".env.{environment}.local"
    with locked(folder):
        file = read_env_file(path)
        line = file.lines.get(SIGNING_KEYS)
        if file.problems or line is None:
            raise ConfigurationInvalid(file.problems or [_elsewhere(path)])
        entries = [entry.strip() for entry in line.raw.split(",")]
        if "\n" in line.raw or any(not entry.partition(":")[1] for entry in entries):
            raise ConfigurationInvalid([Problem(SIGNING_KEYS, "is not kid:secret on one line.", "Write it as that.")])
        name = _fresh_name({entry.partition(":")[0] for entry in entries}, system)
        kept = entries[:_KEPT]
        _rewrite(path, line.number, ",".join((f"{name}:{system.token()}", *kept)))
    return Rotation(path, name, _names(kept), _names(entries[_KEPT:]))


def _fresh_name(taken: set[str], system: System) -> str:
    """Name a key after its day; a second one of the same day gets a number."""
    day = f"k{system.now():%Y%m%d}"
    numbered = (f"{day}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (day, *numbered) if name not in taken)


def _rewrite(path: Path, number: int, value: str) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    export = "export " if lines[number - 1].lstrip().startswith("export ") else ""
    lines[number - 1] = f"{export}{SIGNING_KEYS}={value}"
    replace_file(path, "\n".join(lines))


def _names(entries: list[str]) -> tuple[str, ...]:
    return tuple(entry.partition(":")[0] for entry in entries)


def _elsewhere(path: Path) -> Problem:
    return Problem(
        SIGNING_KEYS,
        f"does not stand in {path.name}.",
        "Rotate it where it stands: put a fresh kid:secret first, keep the one that was first, separated by a comma.",
    )
