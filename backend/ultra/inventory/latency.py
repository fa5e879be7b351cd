"""A rolling window of own measurements: how long calls took, and how many went well."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ultra.domain.models import Latency

_MOST_SAMPLES: Final = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """One call: when it ended (seconds on a monotonic clock), and its times if it went well."""

    at: float
    is_ok: bool
    first_token_s: float | None
    total_s: float
    tokens_per_s: float | None


class Window:
    """Keeps the samples of the last `seconds`, at most 500 of them."""

    def __init__(self, *, seconds: int, minimum: int) -> None:
        self._seconds = seconds
        self._minimum = minimum
        self._samples: deque[Sample] = deque(maxlen=_MOST_SAMPLES)
        self._summary: tuple[float, Latency] | None = None

    def add(self, sample: Sample) -> None:
        """Take one call."""
        self._samples.append(sample)

    def summary(self, now: float) -> Latency:
        """Return percentiles of the window; it is counted again at most once a second, because sorting takes time."""
        if self._summary is None or now - self._summary[0] >= 1 or self._summary[1].samples < self._minimum:
            self._summary = (now, self._count(now))
        return self._summary[1]

    def _count(self, now: float) -> Latency:
        while self._samples and now - self._samples[0].at > self._seconds:
            self._samples.popleft()
        good = [sample for sample in self._samples if sample.is_ok]
        count = len(self._samples)
        ttft, total = [s.first_token_s for s in good if s.first_token_s is not None], [s.total_s for s in good]
        speed = self._percentile([s.tokens_per_s for s in good if s.tokens_per_s is not None], 0.5)
        return Latency(
            window_s=self._seconds,
            samples=count,
            ttft_p50_ms=_ms(self._percentile(ttft, 0.5)),
            ttft_p95_ms=_ms(self._percentile(ttft, 0.95)),
            total_p50_ms=_ms(self._percentile(total, 0.5)),
            total_p95_ms=_ms(self._percentile(total, 0.95)),
            output_tokens_per_s=None if speed is None else round(speed, 1),
            success_rate=round(len(good) / count, 4) if count >= self._minimum else None,
        )

    def _percentile(self, values: Sequence[float], share: float) -> float | None:
        """Return the nearest-rank percentile, or None when there are too few values to say."""
        if len(values) < self._minimum:
            return None
        return sorted(values)[math.ceil(len(values) * share) - 1]


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
