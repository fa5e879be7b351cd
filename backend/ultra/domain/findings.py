"""What a check says: of a configuration that is not running, or of a part that is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

Level: TypeAlias = Literal["info", "warning", "error"]
"""How grave a finding is, in this order; a server with an error does not start."""

LEVELS: Final[tuple[Level, ...]] = get_args(Level)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be: `id` names the check for ever (`U012`), `hint` says what to do.

    `setting` is the setting or place it is about. No value of any secret stands in it.
    """

    id: str
    level: Level
    setting: str
    sentence: str
    hint: str | None = None


def at_least(findings: Iterable[Finding], level: Level) -> tuple[Finding, ...]:
    """Return those that are as grave as `level` or graver."""
    return tuple(each for each in findings if LEVELS.index(each.level) >= LEVELS.index(level))


Health: TypeAlias = Literal["pass", "warn", "fail"]
"""How a part is: well, not quite well, or unable to do its work."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a part of the running server is. `reason` says why it is not `pass`, in one sentence.

    `since` is when it came into this health, `checked_at` when it was last looked at; `facts` are JSON values for
    whoever may read them: versions, sizes, counts.
    """

    name: str
    health: Health
    reason: str | None
    since: datetime
    checked_at: datetime
    facts: Mapping[str, object] = field(default_factory=dict)
