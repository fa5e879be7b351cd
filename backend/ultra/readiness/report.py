"""What a suite found, as values, and as the JSON that programs read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

SCHEMA: Final = 1
"""Version of the JSON: it grows when a member changes its meaning or goes, not when one is added."""

Result: TypeAlias = Literal["passed", "failed", "not_run"]

EXITS: Final = {"passed": 0, "failed": 1, "not_run": 69}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step went. `said` is what was seen, what was wrong, or why it was not run; `advice` is for failures."""

    id: str
    title: str
    result: Result
    seconds: float
    said: str
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A whole suite: `kind` is `rehearsal` or `deployment`, `server` what was looked at, `outcomes` in order."""

    kind: Literal["rehearsal", "deployment"]
    server: str
    version: str
    started_at: datetime
    seconds: float
    outcomes: Sequence[Outcome]
    spent_usd: str | None = None
    """What real providers were paid, as far as is known; None when none was asked."""

    @property
    def result(self) -> Result:
        """`failed` if one step failed, `not_run` if not a single one could be run, else `passed`."""
        results = {outcome.result for outcome in self.outcomes}
        if "failed" in results:
            return "failed"
        return "passed" if "passed" in results else "not_run"

    @property
    def exit_code(self) -> int:
        """What a program that made this report ends with."""
        return EXITS[self.result]

    def counts(self) -> dict[Result, int]:
        """Return how many steps ended in which way."""
        counted = Counter(outcome.result for outcome in self.outcomes)
        return {"passed": counted["passed"], "failed": counted["failed"], "not_run": counted["not_run"]}

    def as_json(self) -> dict[str, Any]:
        """Return the document; `schema` names its version."""
        return {
            "schema": SCHEMA,
            "kind": self.kind,
            "server": self.server,
            "version": self.version,
            "started_at": self.started_at.isoformat(),
            "seconds": round(self.seconds, 3),
            "result": self.result,
            "exit_code": self.exit_code,
            "counts": self.counts(),
            "spent_usd": self.spent_usd,
            "steps": [{**asdict(each), "seconds": round(each.seconds, 3)} for each in self.outcomes],
        }
