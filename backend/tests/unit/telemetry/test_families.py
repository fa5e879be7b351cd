"""Counts as values: brought together, written, read back."""

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from tests.unit.telemetry.conftest import ABOUT
from tests.unit.telemetry.observed import call, served
from ultra.domain.observations import ConditionChanged, LimitsMoved
from ultra.telemetry.families import Family, exposed, from_json, to_json, together
from ultra.telemetry.metrics import Metrics


def worker(*, requests: int = 0, health: str = "pass", degraded: bool = False) -> tuple[Family, ...]:
    """Return what a worker has counted that served so many requests."""
    metrics = Metrics(lists=lambda _: True, about=ABOUT)
    for _ in range(requests):
        metrics.notice(served(total_s=0.02))
    metrics.notice(ConditionChanged(served().at, "disk", None, health, None))  # type: ignore[arg-type]  # a health
    metrics.notice(LimitsMoved(served().at, degraded=degraded, reason=None))
    return tuple(metrics.taken())


def value(families: tuple[Family, ...], sample: str, **labels: str) -> float | None:
    """Return one sample."""
    for family in families:
        for (name, known), found in family.samples.items():
            if name == sample and labels.items() <= dict(known).items():
                return found
    return None


def test_counts_are_added_up() -> None:
    """Counters and every line of a histogram are the sums."""
    found = together([worker(requests=2), worker(requests=3)])
    assert value(found, "ultra_http_requests_total", status="2xx") == 5
    assert value(found, "ultra_http_request_duration_seconds_count") == 5
    assert value(found, "ultra_http_request_duration_seconds_bucket", le="0.025") == 5
    assert value(found, "ultra_http_request_duration_seconds_bucket", le="0.01") == 0


def test_gauges_come_together_as_they_are_declared() -> None:
    """Workers and degraded ones are counted; of health the worst, of what is the same everywhere one."""
    found = together([worker(health="warn", degraded=True), worker(health="pass"), worker(health="fail")])
    assert value(found, "ultra_workers") == 3
    assert value(found, "ultra_limits_degraded") == 1
    assert value(found, "ultra_condition_health", name="disk") == 2
    assert value(found, "ultra_build_info") == 1


def test_of_those_that_are_gone_only_counts_stay() -> None:
    """What they have counted is true for ever; what they measured of themselves is not."""
    found = together([worker(requests=1)], departed=[worker(requests=10, health="fail")])
    assert value(found, "ultra_http_requests_total", status="2xx") == 11
    assert value(found, "ultra_workers") == 1
    assert value(found, "ultra_condition_health", name="disk") == 0


def test_what_comes_together_is_not_changed() -> None:
    """Adding up leaves each part as it was."""
    one = worker(requests=1)
    together([one, worker(requests=1)])
    assert value(one, "ultra_http_requests_total", status="2xx") == 1


def test_nothing_is_lost_on_the_way_through_a_file() -> None:
    """As JSON and back it is the same."""
    families = worker(requests=3)
    assert from_json(to_json(families)) == families


def test_both_formats_can_be_read_by_the_library() -> None:
    """What is written for Prometheus parses as what it says it is, with the same values."""
    metrics = Metrics(lists=lambda _: True, about=ABOUT)
    metrics.notice(call())
    plain = exposed(tuple(metrics.taken()), accept="text/plain")
    wide = exposed(tuple(metrics.taken()), accept="application/openmetrics-text; version=1.0.0")
    assert plain.content_type.startswith("text/plain; version=0.0.4")
    assert wide.content_type.startswith("application/openmetrics-text; version=1.0.0")
    found = [
        {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
            if sample.name.startswith("ultra_")
        }
        for families in (read_text(plain.body.decode()), read_openmetrics(wide.body.decode()))
    ]
    assert found[0] == found[1] != {}


def test_when_a_series_began_is_not_told() -> None:
    """It would double the lines, and nobody asks."""
    assert b"_created" not in exposed(worker(requests=1), accept="").body
