"""What an operator is told without asking: that something has gone wrong, and that it is well again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

Gravity: TypeAlias = Literal["warning", "critical"]
"""`critical` wants somebody now."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One change. `name` is the kind of trouble (`provider-down`), `subject` what has it (`openai`).

    `is_raised` False says that it is over. Trouble that `passes` has no end worth telling, such as a budget that
    reached its limit: it is told once, whenever it happens.
    """

    name: str
    subject: str
    is_raised: bool
    sentence: str
    at: datetime
    gravity: Gravity = "warning"
    passes: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert that was raised and is not over."""

    name: str
    subject: str
    sentence: str
    since: datetime


class AlertBook(Protocol):
    """Which alerts stand, over all workers: each worker holds those that it sees, and an alert stands while held.

    Raises `Unavailable` where it cannot be asked.
    """

    async def hold(self, alert: Alert, *, holder: str, until: datetime) -> bool:
        """Hold an alert; True when nobody held it before: it is news."""

    async def release(self, name: str, subject: str, *, holder: str) -> bool:
        """Let go of an alert; True when nobody holds it any more: that is news, too."""

    async def renew(self, *, holder: str, until: datetime) -> None:
        """Go on holding all that is held."""

    async def abandoned(self, *, now: datetime) -> tuple[Standing, ...]:
        """Take away and return the alerts whose last holder has not renewed: nobody sees them any more."""

    async def standing(self) -> tuple[Standing, ...]:
        """Return the alerts that stand, oldest first."""
