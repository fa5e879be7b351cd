"""Examines a configuration: every finding at once, of a broken one too."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar

from ultra.checks import configuration
from ultra.checks.case import Case
from ultra.checks.check import Check, Moment, Reported
from ultra.config import ConfigurationInvalid, Environment, Loaded, Problem, Reading, read
from ultra.discovery import collect
from ultra.domain.findings import LEVELS, Finding, at_least
from ultra.providers import ROWS
from ultra.system import System


class ConfigurationRefused(ConfigurationInvalid):
    """The configuration cannot be used; `findings` are the errors, each with its id."""

    exit_code: ClassVar[int] = 78

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__([Problem(f"{each.id} {each.setting}", each.sentence, each.hint) for each in findings])
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found, gravest first; `environment` is None where it is none of the three.

    `loaded` has defaults where values are wrong: `usable` gives what may be used. `case` is what was judged.
    """

    findings: tuple[Finding, ...]
    environment: Environment | None
    loaded: Loaded | None
    case: Case | None = None

    def joined(self, findings: Iterable[Finding]) -> "Examination":
        """Return it with more findings, in order."""
        found = [*self.findings, *findings]
        ordered = sorted(found, key=lambda each: (-LEVELS.index(each.level), each.id))
        return replace(self, findings=tuple(ordered))

    def usable(self) -> Loaded:
        """Return the configuration with what was found; raises `ConfigurationRefused` when there is an error."""
        errors = at_least(self.findings, "error")
        if errors or self.loaded is None:
            raise ConfigurationRefused(errors)
        return replace(self.loaded, findings=self.findings)


def examine(
    *,
    environ: Mapping[str, str],
    folder: Path,
    environment: Environment | None = None,
    overrides: Mapping[str, object] | None = None,
    serving: bool = True,
    starting: bool = False,
    system: System,
) -> Examination:
    """Judge the configuration that holds in `folder` for a process with `environ`, without starting anything.

    `environment` judges that one, whichever is chosen; `overrides` (by name) win over every source. Without `serving`
    only what concerns every command is judged; `starting` leaves out what a server that starts finds out by itself.
    Nothing is written and no network is used.
    """
    said = dict(overrides or {}) | ({} if environment is None else {"ENVIRONMENT": environment})
    reading = read(environ=environ, folder=folder, overrides=said, presets=ROWS, system=system)
    moments: set[Moment] = {"always"}
    if serving:
        moments |= {"serving"} if starting else {"serving", "ahead"}
    loaded = reading.loaded
    if loaded is None:
        return Examination((), None, None).joined(_reported(reading))
    case = _case(reading, loaded, environ, folder.absolute(), system)
    examination = Examination((), loaded.settings.environment, loaded, case)
    return examination.joined([*_reported(reading), *_judged(case, moments)])


@cache
def checks() -> Mapping[str, Check]:
    """Return every check of settings by its id."""
    return {name: kind() for name, kind in collect(configuration, Check).items()}  # type: ignore[type-abstract]  # only subclasses are collected


@cache
def reports() -> Mapping[str, Reported]:
    """Return every check that is made while the sources are read, by its id."""
    return {name: kind() for name, kind in collect(configuration, Reported).items()}


def _reported(reading: Reading) -> Iterator[Finding]:
    by_subject = {each.about: each for each in reports().values()}
    for problem in reading.problems:
        yield by_subject[problem.about].told(problem)


def _case(reading: Reading, loaded: Loaded, environ: Mapping[str, str], folder: Path, system: System) -> Case:
    return Case(
        loaded=loaded,
        toml=None if any(each.about == "toml" for each in reading.problems) else loaded.toml,
        presets=ROWS,
        folder=folder,
        system=system,
        environ=environ,
        wrong=frozenset(each.setting for each in reading.problems if each.about == "value"),
    )


def _judged(case: Case, moments: set[Moment]) -> Iterator[Finding]:
    """Judge what was understood; a setting whose own value is wrong has a default, and that is not judged."""
    for check in checks().values():
        if check.moment in moments:
            yield from (each for each in check.find(case) if each.setting not in case.wrong)
