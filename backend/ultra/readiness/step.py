"""The promise of a step: one thing that has to be so before people may depend on a server."""

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ultra.readiness.stage import Stage


class Need(StrEnum):
    """What a step cannot do without; a stage says which of them it provides. The hardest to come by stands first."""

    DEPENDENCIES = "dependencies"
    PROCESSES = "processes"
    COMMANDS = "commands"
    LOGS = "logs"
    ADMIN = "admin"
    LIVE = "live"
    MODELS = "models"

    @property
    def sentence(self) -> str:
        """What is missing where it is not provided, and how to come by it."""
        return _MISSING[self]


_ONLY_A_REHEARSAL = "Only a rehearsal can do that; run it without --url."

_MISSING = {
    Need.ADMIN: "Needs an administrator: set VERIFY_ADMIN and VERIFY_PASSWORD, or answer the prompt.",
    Need.MODELS: "Would ask a model that costs money: allow it with --live and a cap, --max-usd.",
    Need.DEPENDENCIES: f"Stops the database, the shared counters and providers. {_ONLY_A_REHEARSAL}",
    Need.PROCESSES: f"Stops and starts the server. {_ONLY_A_REHEARSAL}",
    Need.COMMANDS: f"Runs commands where the server is. {_ONLY_A_REHEARSAL}",
    Need.LOGS: f"Reads what the server writes and knows its secrets. {_ONLY_A_REHEARSAL}",
    Need.LIVE: "Asks real providers: allow it with --live, with their keys in place.",
}


class Unmet(Exception):
    """Something is not as it should be; the sentence says what was seen instead."""


class NotRun(Exception):
    """A step found that it cannot be run here; the sentence says why."""


class Step(ABC):
    """One step, found by its `name`, which is its id for ever.

    Steps with `turn` 0 run beside one another and must not disturb anybody; others run alone, in the order of their
    turns. `advice` says what to do when it fails; `patience_s` is the longest it may take.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    advice: ClassVar[str]
    needs: ClassVar[frozenset[Need]] = frozenset()
    turn: ClassVar[int] = 0
    patience_s: ClassVar[float] = 90.0

    @abstractmethod
    async def check(self, stage: "Stage") -> str:
        """Return in one sentence what was seen. Raises `Unmet`, or `NotRun` when it turns out to be impossible."""


def expect(is_so: object, sentence: str) -> None:
    """Raise `Unmet` with the sentence unless it is so."""
    if not is_so:
        raise Unmet(sentence)
