"""What every check of a running part promises."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias

from ultra.domain.errors import UltraError
from ultra.domain.findings import Health
from ultra.services import Services

Group: TypeAlias = Literal["dependency", "service", "provider", "configuration"]
"""What kind of part it is: something Ultra needs beside itself, a part of Ultra, who serves models, its settings."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one look has found. `reason` says why it is not `pass`; `facts` are JSON values, and no secret is one.

    One that is not known says that there was nothing to see: that is no news.
    """

    health: Health
    reason: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    is_known: bool = True


class ConditionCheck(ABC):
    """Looks at one part. A class names its `name` and `group`, and how it is to be asked.

    It is looked at every `every_s` seconds and must answer within `deadline_s`. A server `needs` the part to serve, or
    does without it. A change between `pass` and `warn` counts once it was seen `steady` times in a row. One that is
    `indirect` looks through another part that has a check of its own: when that is away, it finds nothing out.
    """

    name: str
    group: Group
    every_s: float
    deadline_s: float = 2.0
    is_needed: bool = False
    is_indirect: bool = False
    steady: int = 1

    @classmethod
    @abstractmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Return one check for each such part of this house."""

    @abstractmethod
    async def look(self) -> Diagnosis:
        """Say how the part is now. May raise an `UltraError`, which is taken as `fail`."""


def unwell(error: UltraError) -> Diagnosis:
    """Return the diagnosis that an error is."""
    reason = error.message if error.hint is None else f"{error.message} {error.hint}"
    return Diagnosis("fail", reason, {"code": error.code})
