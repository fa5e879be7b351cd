"""The shape of a dashboard of Grafana's, and how it is written."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

Unit: TypeAlias = Literal["short", "reqps", "s", "percentunit", "currencyUSD", "bytes", "cps"]

_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_WIDTH: Final = 8
_HEIGHT: Final = 8
_PER_ROW: Final = 24 // _WIDTH


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart: expressions with the legend of each, and the unit of them all."""

    title: str
    unit: Unit
    shown: Mapping[str, str]
    what: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One page of charts; `uid` is its name for ever."""

    uid: str
    title: str
    panels: Sequence[Panel]


def written(dashboard: Dashboard) -> str:
    """Return the dashboard as Grafana reads it."""
    content = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["ultra"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": list(_choices())},
        "panels": [_panel(number, panel) for number, panel in enumerate(dashboard.panels)],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _choices() -> Iterator[dict[str, Any]]:
    yield {"name": "source", "type": "datasource", "query": "prometheus", "label": "Source"}
    yield {
        "name": "instance",
        "type": "query",
        "label": "Instance",
        "datasource": _SOURCE,
        "query": {"query": "label_values(ultra_build_info, instance)", "refId": "instance"},
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
        "refresh": 2,
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, _PER_ROW)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.what,
        "datasource": _SOURCE,
        "gridPos": {"h": _HEIGHT, "w": _WIDTH, "x": column * _WIDTH, "y": row * _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + position), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
            for position, (legend, expression) in enumerate(panel.shown.items())
        ],
    }
