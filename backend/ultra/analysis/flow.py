"""The Flow promise, and the plan a flow works on."""

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from ultra.domain.analysis import FlowGenerator, Question, RunOptions
from ultra.domain.patterns import Lens


@dataclass(frozen=True, slots=True)
class Member:
    """One model of the panel under its neutral name; `viewpoint` is the lens's role it speaks from, if any."""

    role: str
    model: str
    viewpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a flow needs, fixed when the run starts, so that driving it again gives the same steps.

    `panel` stands in the order the run was asked with; `synthesisers` are model ids in the order to try; `reserves`
    are models outside the panel that may break a tie, strongest first. `dice` are seeded with the run and belong to
    this drive alone; `delimiter` is the run's mark around quoted data.
    """

    question: Question
    lens: Lens
    panel: tuple[Member, ...]
    synthesisers: tuple[str, ...]
    dice: random.Random
    delimiter: str
    reserves: tuple[str, ...] = ()
    options: RunOptions = field(default_factory=RunOptions)

    @property
    def strongest(self) -> str | None:
        """The role of the member worth waiting for: the first synthesiser that sits on the panel."""
        roles = {member.model: member.role for member in self.panel}
        return next((roles[model] for model in self.synthesisers if model in roles), None)

    def member(self, role: str) -> Member:
        """Return the member with that role; raises `KeyError`."""
        for member in self.panel:
            if member.role == role:
                return member
        raise KeyError(role)


class Flow(ABC):
    """How models are asked. A pure generator: no await, no clock, no provider, no network error to catch.

    It yields an `Ask` (and receives the answers in the order of its calls, failed ones included, or `Skipped`
    where the round was optional) or a `Note` (and receives None), and returns the `Verdict`. Driven again with an equal
    plan and the same replies it must yield the same steps: that is how an interrupted run resumes.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def run(self, plan: Plan) -> FlowGenerator:
        """Carry out the plan."""
