"""Puts a fresh secret in front of a ring that is kept in an env file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ultra.config import ConfigurationInvalid, Environment, Problem, make_secrets
from ultra.environments.document import Document
from ultra.environments.editor import change, local_file
from ultra.system import System

SIGNING_KEYS: Final = "ULTRA_SIGNING_KEYS"
KEY_PEPPER: Final = "ULTRA_KEY_PEPPER"
_KEPT: Final = {SIGNING_KEYS: 1, KEY_PEPPER: None}
"""How many earlier entries stay. Access tokens live ten minutes; stored API keys for ever, so that peppers stay."""

_OTHERWISE: Final = "Write it as that, or give it up: `ultra env generate --force` with its name."


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did, by the names of entries alone: `signs` is the first now, `checks` are those behind it."""

    path: Path
    signs: str
    checks: tuple[str, ...]
    dropped: tuple[str, ...]


def is_ring(name: str) -> bool:
    """Whether a secret is a list of named entries, of which earlier ones still check what they made."""
    return name in _KEPT


def rotate_signing_keys(folder: Path, environment: Environment, *, system: System) -> Rotation:
    """Put a fresh signing key first, keep the one that signed so far, and drop older ones; see `rotate_ring`."""
    return rotate_ring(folder, environment, SIGNING_KEYS, system=system)


def rotate_ring(folder: Path, environment: Environment, name: str, *, system: System) -> Rotation:
    """Put a fresh entry first in the ring `name` of `.env.{environment}.local`, and keep those that still check.

    The file is replaced as a whole or not at all and keeps its order, its comments and mode 0600. Raises
    `ConfigurationInvalid` where the ring does not stand in that file, and `OSError` where it cannot be written.
    """
    path = local_file(folder, environment)
    done: list[Rotation] = []

    def edit(document: Document) -> Document:
        entries = _entries(document, name)
        fresh, secret = make_secrets([name], system=system)[name].split(":", 1)
        fresh = _fresh_name(fresh, {entry.partition(":")[0] for entry in entries})
        kept = entries[: _KEPT[name]]
        done.append(Rotation(path, fresh, _names(kept), _names(entries[len(kept) :])))
        return document.with_value(name, ",".join((f"{fresh}:{secret}", *kept)))

    change(path, edit)
    return done[0]


def _entries(document: Document, name: str) -> list[str]:
    value = document.value(name)
    if document.parsed.problems or value is None:
        raise ConfigurationInvalid(document.parsed.problems or [_elsewhere(document.file, name)])
    entries = [entry.strip() for entry in value.split(",")]
    if "\n" in value or any(not entry.partition(":")[1] for entry in entries):
        raise ConfigurationInvalid([Problem(name, "is not kid:secret on one line.", _OTHERWISE)])
    return entries


def _fresh_name(day: str, taken: set[str]) -> str:
    """Name an entry after its day; a second one of the same day gets a number."""
    numbered = (f"{day}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (day, *numbered) if name not in taken)


def _names(entries: list[str]) -> tuple[str, ...]:
    return tuple(entry.partition(":")[0] for entry in entries)


def _elsewhere(file: str, name: str) -> Problem:
    return Problem(
        name,
        f"does not stand in {file}.",
        "Rotate it where it stands: put a fresh kid:secret first, keep the one that was first, separated by a comma.",
    )
