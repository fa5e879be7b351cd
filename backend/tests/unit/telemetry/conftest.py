"""Metrics that know three models, and what they have counted."""

from collections.abc import Callable, Mapping

import pytest

from ultra.telemetry.metrics import Metrics

ABOUT: Mapping[str, str] = {"version": "1.2.3", "python": "3.11", "environment": "testing"}
LISTED = frozenset({"acme/alpha", "acme/beta", "openai/gpt"})

Value = Callable[..., float | None]
"""Returns the value of one sample, None where there is none."""


@pytest.fixture
def metrics() -> Metrics:
    """Make metrics of a worker that has just begun."""
    return Metrics(lists=LISTED.__contains__, about=ABOUT)


@pytest.fixture
def value(metrics: Metrics) -> Value:
    """Return what reads one sample."""

    def read(sample: str, /, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(sample, labels)

    return read
