"""The promise of a check of what a configuration leads to."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Described
from ultra.checks.reaching import Reached
from ultra.domain.findings import Finding


class Connection(Described, ABC):
    """A check of what the database, the counter or a provider said when it was reached."""

    @abstractmethod
    def find(self, case: Case, reached: Reached) -> Iterator[Finding]:
        """Yield what is wrong."""
