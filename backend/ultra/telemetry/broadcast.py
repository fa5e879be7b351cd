"""One observer in front of many."""

from collections.abc import Sequence

from ultra.domain.observations import Observation
from ultra.domain.ports import Observer


class Broadcast:
    """Hands every fact to each of its listeners; keeps the promise `Observer`."""

    def __init__(self, listeners: Sequence[Observer]) -> None:
        self._listeners = tuple(listeners)

    def notice(self, observation: Observation) -> None:
        """Take one fact."""
        for listener in self._listeners:
            listener.notice(observation)
