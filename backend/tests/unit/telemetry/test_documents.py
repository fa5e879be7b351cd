"""What is generated from the declarations says everything that they say."""

import json
import re

import pytest

from ultra.telemetry.dashboards import DASHBOARDS
from ultra.telemetry.declarations import DECLARED, PROCESS
from ultra.telemetry.documents import reference, written_files
from ultra.telemetry.grafana import Dashboard, written
from ultra.telemetry.metrics import Metrics


def test_every_metric_is_on_the_page() -> None:
    """With its kind, its labels and how several workers come together."""
    page = reference()
    for each in (*DECLARED, *PROCESS):
        assert re.search(rf"^\| `{each.name}` \| {each.kind} \| .*\| {each.gather} \|$", page, re.MULTILINE), each


def test_everything_declared_is_made(metrics: Metrics) -> None:
    """A metric that is declared is one that a scrape tells, and the other way round."""
    made = {family.name for family in metrics.taken() if family.name.startswith("ultra_")}
    assert made == {each.name.removesuffix("_total") for each in DECLARED}


@pytest.mark.parametrize("declared", DECLARED, ids=lambda each: each.name)
def test_names_are_as_prometheus_wants_them(declared) -> None:
    """Counters end in `_total` and nothing else does, times are in seconds, sentences end, histograms have buckets."""
    assert declared.name.endswith("_total") is (declared.kind == "counter")
    if declared.kind == "histogram":
        assert declared.name.endswith("_seconds")
        assert list(declared.buckets) == sorted(declared.buckets)
    assert bool(declared.buckets) is (declared.kind == "histogram")
    assert declared.what.endswith(".")
    assert not set(declared.labels) & {"user", "principal", "key", "address", "path", "le", "instance", "job"}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.uid)
def test_a_dashboard_is_whole(dashboard: Dashboard) -> None:
    """No panel lies over another, each shows something, and the chosen instances hold for all."""
    content = json.loads(written(dashboard))
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in content["panels"]}
    assert len(places) == len(content["panels"]) == len(dashboard.panels)
    for panel in content["panels"]:
        assert panel["targets"]
        assert all("$instance" in target["expr"] for target in panel["targets"]), panel["title"]


def test_all_files_are_named_once() -> None:
    """Dashboards have names of their own."""
    assert len(written_files()) == len(DASHBOARDS) + 1
