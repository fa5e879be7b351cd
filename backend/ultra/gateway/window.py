"""Counting over the recent past."""


class Tally:
    """Counts events and hits among them over roughly the last `window_s` seconds, in constant space.

    It keeps two halves of the window: what it tells covers between one half and the whole of it.
    """

    def __init__(self, window_s: float) -> None:
        self._half = window_s / 2
        self._since: float | None = None
        self._count = self._hits = 0
        self._count_before = self._hits_before = 0

    def add(self, now: float, *, hit: bool) -> None:
        """Count one event."""
        self._turn(now)
        self._count += 1
        self._hits += hit

    def totals(self, now: float) -> tuple[int, int]:
        """Return how many events there were and how many of them were hits."""
        self._turn(now)
        return self._count + self._count_before, self._hits + self._hits_before

    def _turn(self, now: float) -> None:
        if self._since is None:
            self._since = now
        halves = int((now - self._since) // self._half)
        if halves == 0:
            return
        self._count_before, self._hits_before = (self._count, self._hits) if halves == 1 else (0, 0)
        self._count = self._hits = 0
        self._since += halves * self._half
