"""What is written from the declarations: the reference page of the metrics, and Grafana's dashboards."""

from collections.abc import Iterable
from typing import Final

from ultra.telemetry.dashboards import DASHBOARDS
from ultra.telemetry.declarations import DECLARED, PROCESS, Declared
from ultra.telemetry.grafana import written

_HEAD: Final = """\
# Metrics

<!-- Written by `python -m ultra.telemetry .`; change the declarations, not this page. -->

`GET /metrics` answers in Prometheus' text format, or in OpenMetrics where `Accept` asks for it: on the main port to a
credential with the permission `metrics:read`, and on `ULTRA_METRICS_PORT`, where one is set, to whoever can reach it.
Any worker answers with the sums of all workers of its server, at most five seconds old; what a worker counted stays
counted when it is gone. How the values of several workers become one stands in the last column.

No label ever holds a user, a key, an address or a path. `route` is a route's pattern, or `unmatched`. `model` is
`provider/name` of a model that the catalogue lists, for at most 200 of them; every other is `other`, and `*` stands for
all of a provider.
"""


def reference() -> str:
    """Return the reference page, in Markdown."""
    return "\n".join(
        [
            _HEAD,
            *_table(DECLARED),
            "",
            "## The processes",
            "",
            "What prometheus-client tells of a process, on Linux.",
            "",
            *_table(PROCESS),
            "",
        ]
    )


def _table(metrics: Iterable[Declared]) -> list[str]:
    rows = ["| metric | kind | labels | what | workers |", "|---|---|---|---|---|"]
    for each in metrics:
        labels = ", ".join(f"`{label}`" for label in each.labels)
        rows.append(f"| `{each.name}` | {each.kind} | {labels} | {each.what} | {each.gather} |")
    return rows


def written_files() -> dict[str, str]:
    """Return every generated file: its path from the root of the repository, and what it must hold."""
    dashboards = {f"deploy/grafana/dashboards/{each.uid}.json": written(each) for each in DASHBOARDS}
    return {"docs/reference/metrics.md": reference(), **dashboards}
