"""Judges the names and values of one file by themselves: whatever is wrong here would keep Ultra from starting."""

from collections.abc import Iterator

from ultra.config import Environment, Problem, declarations, judge_value, nearest
from ultra.environments.document import Document


def inspect(document: Document, environment: Environment, references: frozenset[str] | None) -> tuple[Problem, ...]:
    """Return what is wrong with the lines of a local file; `references` are the names `ultra.toml` takes keys from.

    They are None where that cannot be told: then a name that does not claim to be a setting is let pass.
    """
    parsed = document.parsed
    return (
        *parsed.problems,
        *_faults({name: line.raw for name, line in parsed.lines.items()}, environment, references),
    )


def refusal_of_name(name: str, environment: Environment, references: frozenset[str] | None) -> Problem | None:
    """Return why no value can be kept under a name, and what may have been meant; None where one can."""
    known = {each.name for each in declarations()}
    if name == "ENVIRONMENT":
        hint = f"Run: scripts/toggle_environment.sh {environment}"
        return Problem(name, "stands in .env and nowhere else.", hint)
    if name in known or name in (references or ()):
        return None
    if references is None and name.isidentifier() and not name.upper().startswith("ULTRA_"):
        return None
    meant = nearest(name, known | (references or frozenset()))
    hint = f"Did you mean {meant}?" if meant else "A key of your own is named in ultra.toml first, as env:NAME."
    return Problem(name, "is no setting.", hint)


def _faults(values: dict[str, str], environment: Environment, references: frozenset[str] | None) -> Iterator[Problem]:
    for name, value in values.items():
        if name == "ENVIRONMENT" and value == environment:
            continue
        problem = refusal_of_name(name, environment, references) or judge_value(name, value)
        if problem is not None:
            yield problem
