"""Counts as values: taken from a registry, brought together over several workers, written for whoever scrapes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from ultra.telemetry.declarations import GATHER

_LASTING: Final = frozenset({"counter", "histogram"})
"""What a worker has counted stays true when it is gone; what it measured of itself does not."""
_TIMES: Final = ("_created",)
"""When a series began: told by few, asked by nobody, and twice the lines."""

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its samples: the sample's name and labels, and its value. `name` is without `_total`."""

    name: str
    kind: str
    what: str
    samples: Mapping[tuple[str, Labels], float]


@dataclass(frozen=True, slots=True)
class Exposition:
    """What a scrape is answered with."""

    body: bytes
    content_type: str


def taken(collectors: Iterable[Collector]) -> Iterator[Family]:
    """Yield what each collector has counted by now, one family at a time: a thousand samples take ten milliseconds."""
    for collector in collectors:
        for metric in collector.collect():
            samples = {
                (name, tuple(labels.items())): float(value)
                for name, labels, value, *_ in metric.samples
                if not name.endswith(_TIMES)
            }
            yield Family(metric.name, metric.type, metric.documentation, samples)


def together(live: Iterable[Sequence[Family]], departed: Iterable[Sequence[Family]] = ()) -> tuple[Family, ...]:
    """Bring the counts of workers together. Of those that are gone, only what lasts: counters and histograms."""
    found: dict[str, Family] = {}
    for families in live:
        for family in families:
            _add(found, family)
    for families in departed:
        for family in families:
            if family.kind in _LASTING:
                _add(found, family)
    return tuple(found.values())


def _add(found: dict[str, Family], family: Family) -> None:
    known = found.get(family.name)
    if known is None:
        found[family.name] = Family(family.name, family.kind, family.what, dict(family.samples))
        return
    samples: dict[tuple[str, Labels], float] = known.samples  # type: ignore[assignment]  # made above, as a dict
    gather = GATHER.get(family.name, "sum")
    for key, value in family.samples.items():
        before = samples.get(key)
        if before is None:
            samples[key] = value
        elif gather == "sum":
            samples[key] = before + value
        else:
            samples[key] = max(before, value) if gather == "max" else min(before, value)


def exposed(families: Sequence[Family], *, accept: str) -> Exposition:
    """Write the families in the format that the `Accept` header asks for: OpenMetrics, or Prometheus' own text."""
    encode, content_type = choose_encoder(accept)
    return Exposition(encode(_Shelf(families)), content_type)


class _Shelf(Collector):
    """Gives families to an encoder as if they had just been collected."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        for family in self._families:
            metric = Metric(family.name, family.what, family.kind)
            metric.samples = [Sample(name, dict(labels), value) for (name, labels), value in family.samples.items()]
            yield metric


def to_json(families: Sequence[Family]) -> list[Any]:
    """Return families as plain JSON."""
    return [
        [each.name, each.kind, each.what, [[name, labels, value] for (name, labels), value in each.samples.items()]]
        for each in families
    ]


def from_json(rows: Sequence[Any]) -> tuple[Family, ...]:
    """Read families back."""
    return tuple(
        Family(
            name,
            kind,
            what,
            {(sample, tuple((key, text) for key, text in labels)): value for sample, labels, value in samples},
        )
        for name, kind, what, samples in rows
    )
