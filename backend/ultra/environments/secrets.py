"""Makes secrets and keeps them in the file of this machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ultra.config import Environment, make_secrets
from ultra.environments.document import Document
from ultra.environments.editor import begun, change, local_file
from ultra.system import System

GUARDING: Final = ("ULTRA_SIGNING_KEYS", "ULTRA_CSRF_KEY", "ULTRA_KEY_PEPPER")
"""The secrets without which nothing can be served."""


def keep_secrets(
    folder: Path, environment: Environment, names: Sequence[str], *, system: System, again: bool = False
) -> tuple[str, ...]:
    """Add fresh secrets to `.env.{environment}.local` and return the names of those that were made.

    Of several processes that start at once, the first writes and the others find what it wrote. `again` makes those
    anew that are there. Raises `OSError` where the folder cannot be written to, and `ConfigurationInvalid` where the
    file cannot be read.
    """
    made: list[str] = []

    def edit(document: Document) -> Document:
        made.extend(name for name in names if again or not document.value(name))
        if made:
            document = begun(document, environment)
        for name, value in make_secrets(made, system=system).items():
            document = document.with_value(name, value)
        return document

    change(local_file(folder, environment), edit)
    return tuple(made)
