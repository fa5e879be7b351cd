"""Changes env files: read, change, write, as one step that no other writer comes between."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ultra.config import ConfigurationInvalid, Environment, Problem
from ultra.environments.document import Document, Unclear
from ultra.environments.drafts import only_writer, replace_file

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
        if after == before and real.exists():
            return False
        replace_file(real, after.text.encode("utf-8"), is_secret=is_secret)
        return True


def begun(document: Document, environment: Environment) -> Document:
    """Return a local file that begins with its explanation, if it is still empty."""
    return document if document.text else Document(document.file, _HEAD.format(environment=environment))


def _unclear(path: Path) -> Problem:
    return Problem(path.name, "has a line that would mean something else after this change.", "Edit it by hand.")
