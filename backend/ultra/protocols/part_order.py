"""Puts interleaved parts one after the other: most wires join what they stream, or know one open part at a time."""

from typing import TypeAlias

from ultra.domain.chat import Delta, PartEnded, PartStarted

PartEvent: TypeAlias = PartStarted | Delta | PartEnded


class PartOrder:
    """Lets through the part that started first; what belongs to later ones waits until it has ended."""

    def __init__(self) -> None:
        self._current: int | None = None
        self._waiting: dict[int, list[PartEvent]] = {}

    @property
    def current(self) -> int | None:
        """The part whose events go through at once."""
        return self._current

    def take(self, event: PartEvent) -> list[PartEvent]:
        """Return the events that may be written now, in order."""
        if self._current is None and isinstance(event, PartStarted):
            self._current = event.index
        if event.index != self._current:
            self._waiting.setdefault(event.index, []).append(event)
            return []
        return [event, *self._next()] if isinstance(event, PartEnded) else [event]

    def close(self) -> list[PartEvent]:
        """Return what still waits; a part that nobody ended is ended here."""
        found: list[PartEvent] = []
        while self._current is not None:
            found += self.take(PartEnded(self._current))
        return found

    def _next(self) -> list[PartEvent]:
        found: list[PartEvent] = []
        self._current = None
        while self._waiting and self._current is None:
            self._current = next(iter(self._waiting))
            found += self._waiting.pop(self._current)
            if isinstance(found[-1], PartEnded):
                self._current = None
        return found
