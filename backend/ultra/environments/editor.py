"""Changes env files: read, change, write, as one step that no other writer comes between."""

import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ultra.config import MASK, ConfigurationInvalid, Environment, Problem, judge_value, masked, mode_problem
from ultra.domain.errors import Conflict
from ultra.domain.findings import Finding, at_least
from ultra.environments.document import Document, Unclear
from ultra.environments.drafts import only_writer, replace_file
from ultra.environments.inspection import refusal_of_name
from ultra.environments.outline import outline

_HEAD: Final = """\
# Settings and secrets of this machine in {environment}. Not committed; nobody else reads this file (mode 0600).
# It wins over .env.{environment}; the process environment and the secrets directory win over it.
"""


def local_file(folder: Path, environment: Environment) -> Path:
    """Return the path of the file that holds this machine's values and secrets in `environment`."""
    return folder / f".env.{environment}.local"


def read_document(path: Path) -> Document:
    """Read an env file as it is; one that does not exist is empty.

    Raises `ConfigurationInvalid` for what is no text file, and `OSError`.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise ConfigurationInvalid([Problem(path.name, "is not a regular file.", "Put it aside.")])
        return Document(path.name, path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return Document(path.name)
    except UnicodeDecodeError:
        hint = "Save it as UTF-8."
        raise ConfigurationInvalid([Problem(path.name, "is not a text file in UTF-8.", hint)]) from None


def change(path: Path, edit: Callable[[Document], Document], *, is_secret: bool = True) -> bool:
    """Write what `edit` makes of a file, as a whole or not at all, and say whether anything changed.

    What `edit` raises leaves the file as it was. Raises `OSError`, and `ConfigurationInvalid` for a file that cannot
    be changed safely.
    """
    with only_writer(path) as real:
        before = read_document(path)
        try:
            after = edit(before)
        except Unclear:
            raise ConfigurationInvalid(before.parsed.problems or [_unclear(path)]) from None
        if after == before and not (is_secret and _is_open(real)):
            return False
        replace_file(real, after.text.encode("utf-8"), is_secret=is_secret)
        return True


def begun(document: Document, environment: Environment) -> Document:
    """Return a local file that begins with its explanation, if it is still empty."""
    return document if document.text else Document(document.file, _HEAD.format(environment=environment))


def replace_document(path: Path, before: Document, after: Document) -> None:
    """Put one text in the place of another; raises `Conflict` when that one is not there any more."""

    def edit(document: Document) -> Document:
        if document != before:
            hint = "Begin again from what it says now."
            raise Conflict(f"{path.name} was changed by somebody else in the meantime.", hint=hint)
        return after

    change(path, edit)


def _is_open(path: Path) -> bool:
    return path.exists() and mode_problem(path) is not None


def _unclear(path: Path) -> Problem:
    return Problem(path.name, "has a line that would mean something else after this change.", "Edit it by hand.")


def set_values(
    folder: Path,
    environment: Environment,
    values: Mapping[str, str],
    *,
    references: frozenset[str] | None,
    findings: Sequence[Finding] = (),
) -> bool:
    """Write values into `.env.{environment}.local`, all of them or none, and say whether anything changed.

    `findings` are what the values would bring that is not there without them: an error among them refuses a secret,
    for a weak one is never right, while anything else may wait for the next setting. Raises `ConfigurationInvalid`
    before anything is written, and `OSError`.
    """
    faults = [refusal_of_name(each, environment, references) or judge_value(each, values[each]) for each in values]
    problems = [each for each in faults if each is not None]
    if any(masked(name, "a value") == MASK for name in values):
        problems += [Problem(each.setting, each.sentence, each.hint) for each in at_least(findings, "error")]
    if problems:
        raise ConfigurationInvalid(problems)

    def edit(document: Document) -> Document:
        document = begun(document, environment)
        for name, value in values.items():
            document = document.with_value(name, value)
        return document

    return change(local_file(folder, environment), edit)


def unset_values(folder: Path, environment: Environment, names: Sequence[str]) -> tuple[str, ...]:
    """Remove the lines of `names` from `.env.{environment}.local` and return those that had one. Raises as `change`."""
    gone: list[str] = []

    def edit(document: Document) -> Document:
        for name in names:
            shorter = document.without(name)
            gone.extend([name] if shorter != document else [])
            document = shorter
        return document

    path = local_file(folder, environment)
    if path.exists():
        change(path, edit)
    return tuple(gone)


def begin(folder: Path, environment: Environment) -> bool:
    """Make `.env.{environment}.local` with its explanations, unless it is there; say whether it was made."""
    return change(
        local_file(folder, environment),
        lambda document: document if document.text else Document(document.file, outline(environment)),
    )
