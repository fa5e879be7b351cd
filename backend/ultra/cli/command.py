"""The promise of a command."""

from abc import ABC, abstractmethod
from typing import ClassVar

import typer


class Command(ABC):
    """One word after `ultra`, found by its `name`; `attach` adds it to the program."""

    name: ClassVar[str]

    @abstractmethod
    def attach(self, program: typer.Typer) -> None:
        """Add the command, or a group of commands, under its name."""
