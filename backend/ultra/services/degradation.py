"""Tells observers, and the log, when limits begin and cease to be counted by this worker alone."""

import logging

from ultra.domain.observations import LimitsMoved
from ultra.domain.ports import Observer
from ultra.limits import Moved

_log = logging.getLogger("ultra.services")


class Degradation:
    """Hears every step of the breaker before the shared counter and passes on what matters to anybody else."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._is_degraded = False

    def heard(self, moved: Moved) -> None:
        """Tell of a change: probing a counter that is away changes nothing yet."""
        is_degraded = moved.state != "closed"
        if is_degraded != self._is_degraded:
            self._is_degraded = is_degraded
            if is_degraded:
                _log.warning("limits are counted by this worker alone, at its share: %s", moved.reason)
            else:
                _log.info("limits are shared by all workers again")
            self._observer.notice(LimitsMoved(moved.at, is_degraded, moved.reason))
