"""What can be wrong with a configuration: every problem at once, never with a value."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

Subject: TypeAlias = Literal[
    "committed",
    "dotenv",
    "environment",
    "file",
    "misplaced",
    "mode",
    "mounted",
    "name",
    "secrets folder",
    "toml",
    "value",
]
"""What a problem is about, in one word; `ultra check` has an id for each."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right: which setting (or place), what is wrong, what to do. Holds no value of any setting."""

    setting: str
    sentence: str
    hint: str | None = None
    about: Subject = "value"

    def __str__(self) -> str:
        line = f"{self.setting}: {self.sentence}"
        return f"{line} {self.hint}" if self.hint else line


class ConfigurationInvalid(Exception):
    """The configuration cannot be used; `problems` lists everything that is wrong. A program exits with `exit_code`."""

    exit_code: ClassVar[int] = 78

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like `name`, or None when none is alike."""
    tails = {each.removeprefix("ULTRA_"): each for each in sorted(known)}
    found = difflib.get_close_matches(name.upper().removeprefix("ULTRA_"), list(tails), n=1, cutoff=0.6)
    return tails[found[0]] if found else None


def unknown_name(name: str, place: str, known: Iterable[str]) -> Problem:
    """Say that nothing is called `name`, and what may have been meant."""
    meant = nearest(name, known)
    hint = f"Did you mean {meant}?" if meant else "`ultra config show` lists every setting."
    return Problem(name, f"no setting has this name ({place}).", hint, "name")
