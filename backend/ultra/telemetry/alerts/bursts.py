"""How often something happened lately, in buckets: exact enough to call a burst a burst, and cheap to count."""

from collections import deque


class Recent:
    """Counts what happened within the last `window_s` seconds, to a tenth of it. Times are monotonic seconds."""

    def __init__(self, *, window_s: float) -> None:
        self._window_s = window_s
        self._bucket_s = window_s / 10
        self._buckets: deque[list[float]] = deque()
        self._total = 0

    def add(self, at: float) -> None:
        """Count one that happened now."""
        if not self._buckets or at >= self._buckets[-1][0] + self._bucket_s:
            self._buckets.append([at, 0])
        self._buckets[-1][1] += 1
        self._total += 1

    def count(self, at: float) -> int:
        """Return how many happened within the window."""
        while self._buckets and self._buckets[0][0] <= at - self._window_s:
            self._total -= int(self._buckets.popleft()[1])
        return self._total
