"""Says which environment is in force and why, and puts another one in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ultra.config import ENVIRONMENTS, Environment, read_env_file
from ultra.domain.findings import Finding, at_least
from ultra.environments.document import Document
from ultra.environments.editor import change

Outcome: TypeAlias = Literal["switched", "unchanged", "refused"]

_NAME: Final = "ENVIRONMENT"
_HEAD: Final = """\
# Which environment is in force in this folder. Nothing else belongs here; scripts/toggle_environment.sh changes it.
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Which environment is in force, None where what is written is none, and the `place` that says so.

    `written` is what `.env` says, None where it says nothing: the process environment overrides it.
    """

    environment: Environment | None
    place: str
    written: str | None

    @property
    def configured(self) -> Environment | None:
        """The environment that `.env` puts in force where nothing overrides it."""
        return ENVIRONMENTS[0] if self.written is None else environment_of(self.written)

    @property
    def is_overridden(self) -> bool:
        """Whether the process environment wins over `.env`."""
        return self.place == "process environment"


def standing(*, environ: Mapping[str, str], folder: Path) -> Standing:
    """Return where a process with `environ` stands in `folder`."""
    line = read_env_file(folder / ".env").lines.get(_NAME)
    written = None if line is None else line.raw
    if _NAME in environ:
        return Standing(environment_of(environ[_NAME]), "process environment", written)
    if line is not None:
        return Standing(environment_of(line.raw), f".env, line {line.number}", written)
    return Standing(ENVIRONMENTS[0], "default", None)


def environment_of(word: str) -> Environment | None:
    """Return the environment that a word names exactly, or None."""
    return next((each for each in ENVIRONMENTS if each == word), None)


def switch(folder: Path, target: Environment, *, findings: Sequence[Finding], force: bool = False) -> Outcome:
    """Have `.env` name the target, unless `findings`, what is wrong with it, hold an error; `force` does it anyway.

    The file is replaced as a whole or not at all and keeps its comments. Raises `OSError`, and `ConfigurationInvalid`
    for a `.env` that cannot be changed safely.
    """
    if at_least(findings, "error") and not force:
        return "refused"

    def edit(document: Document) -> Document:
        return (document if document.text else Document(document.file, _HEAD)).with_value(_NAME, target)

    return "switched" if change(folder / ".env", edit, is_secret=False) else "unchanged"
