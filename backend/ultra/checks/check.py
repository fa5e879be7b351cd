"""The promise of a check: one file, one class, one method; and what its page says."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Literal, TypeAlias

from ultra.checks.case import Case
from ultra.config import Problem, Subject
from ultra.domain.findings import Finding, Level

Moment: TypeAlias = Literal["always", "serving", "ahead"]
"""When a configuration is judged by a check: before every command, before serving too, or by `ultra check` alone,
because a server that starts finds it out by itself."""


class Described:
    """What is written about a check. `name` is its id for ever; `level` is the gravest that it finds.

    The docstring of a check says what it finds; `why` says why anybody should care and `mend` what to do, both in
    Markdown.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    why: ClassVar[str]
    mend: ClassVar[str]
    level: ClassVar[Level] = "error"

    def finding(self, setting: str, sentence: str, hint: str | None = None, *, level: Level | None = None) -> Finding:
        """Return a finding of this check; `level` where it is milder than the gravest."""
        return Finding(self.name, level or self.level, setting, sentence, hint)


class Reported(Described):
    """A check that is made while the sources are read: each of its findings is a problem `about` one thing."""

    about: ClassVar[Subject]

    def told(self, problem: Problem) -> Finding:
        """Return a problem as a finding."""
        return self.finding(problem.setting, problem.sentence, problem.hint)


class Check(Described, ABC):
    """A check of settings that are each right by themselves."""

    moment: ClassVar[Moment] = "serving"

    @abstractmethod
    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong; never a value of a secret, no network, and nothing is changed."""
