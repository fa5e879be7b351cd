"""One observer that tells many."""

import logging
from collections.abc import Sequence

from ultra.domain.observations import Observation
from ultra.domain.ports import Observer

_log = logging.getLogger("ultra.telemetry")


class Observers:
    """Keeps the promise of `Observer` for several; one that fails keeps nobody else from hearing."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def notice(self, observation: Observation) -> None:
        """Tell everyone, in order."""
        for observer in self._observers:
            try:
                observer.notice(observation)
            except Exception:  # noqa: BLE001 - whoever listens must not end what is listened to
                _log.exception("an observer failed at %s", type(observation).__name__)
