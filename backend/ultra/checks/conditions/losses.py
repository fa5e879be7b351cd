"""Has something been lost lately?"""

from ultra.system import System


class Losses:
    """Watches a count that only grows. A loss is told of for `told_s` seconds after the last one."""

    def __init__(self, *, system: System, told_s: float = 3600.0) -> None:
        self._system = system
        self._told_s = told_s
        self._count = 0
        self._until = 0.0

    def are_recent(self, count: int) -> bool:
        """Take the count as it is now, and say whether it grew in the last while."""
        now = self._system.monotonic()
        if count > self._count:
            self._count = count
            self._until = now + self._told_s
        return count > 0 and now < self._until
