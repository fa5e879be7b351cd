"""One run while it is being conducted: its clock, its money, and what was heard."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ultra.analysis.flow import Plan
from ultra.analysis.scribe import Scribe
from ultra.analysis.spending import Account
from ultra.domain.analysis import Answer, Run, Verdict
from ultra.system import System


@dataclass(slots=True)
class Conducted:
    """A run under way. Its deadline is absolute and the same after a restart; its money is what the journal says."""

    run: Run
    scribe: Scribe
    system: System
    plan: Plan | None = None
    flow: str = "unknown"
    """How the models are asked, once that is settled."""
    answers: list[Answer] = field(default_factory=list)
    causes: tuple[Answer, ...] = ()
    """The failed answers of the first round."""
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        now = self.system.monotonic()
        if self.run.deadline_at is None:
            self.deadline = now + self.run.options.deadline_s
        else:
            self.deadline = now + (self.run.deadline_at - self.system.now()).total_seconds()

    def time_left(self) -> float:
        """Return the seconds until the deadline; never negative."""
        return max(self.deadline - self.system.monotonic(), 0.0)

    def seconds(self) -> float:
        """Return how long the run has taken since it was first begun, interruptions included."""
        begun = self.run.started_at or self.run.created_at
        return max((self.system.now() - begun).total_seconds(), 0.0)

    def account(self) -> Account:
        """Return the money spent so far."""
        return self.scribe.memory.account(self.run.options.budget_usd, strict=self.run.options.strict_budget)

    def heard(self, answers: Sequence[Answer]) -> None:
        """Take the answers of a round."""
        if not self.answers:
            self.causes = tuple(answer for answer in answers if answer.status == "failed")
        self.answers.extend(answers)

    @property
    def answered(self) -> int:
        """How many of the panel have answered so far."""
        roles = {answer.role for answer in self.answers if answer.status == "ok"}
        members = {member.role for member in self.plan.panel} if self.plan else set()
        return len(roles & members)

    def warned(self, verdict: Verdict) -> Verdict:
        """Return the verdict with the warnings that no flow can know."""
        said = [
            f"The call to {answer.model} may have been paid twice, because an interruption left it open."
            for answer in self.answers
            if answer.possible_double_charge
        ]
        lens = self.plan.lens if self.plan else None
        if lens is not None and verdict.asked < lens.minimum_panel:
            said.append(f"{lens.name} makes sense with {lens.minimum_panel} models or more; {verdict.asked} asked.")
        account = self.account()
        if account.unknown:
            said.append(f"The cost is a lower bound: that of {account.unknown} of {account.calls} calls is unknown.")
        return replace(verdict, warnings=(*verdict.warnings, *said))
