"""Rules, dashboards and runbooks say what the program says, and the rules do what their tests say."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.system_programs import program
from ultra.telemetry.documents import written_files

ROOT = Path(__file__).parents[3]
PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
RUNBOOKS = ROOT / "docs" / "runbooks"
VARIABLES = {"$__rate_interval": "5m", "$__range": "3h", "$instance": ".*"}


def alerts() -> list[dict[str, Any]]:
    """Return every alert of the rules."""
    groups = yaml.safe_load((PROMETHEUS / "ultra.rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def promtool(*arguments: str, cwd: Path = PROMETHEUS) -> None:
    """Run promtool; what it does not like fails the test in its own words."""
    done = subprocess.run([program("promtool"), *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(written_files()))
def test_a_generated_file_is_fresh(name: str) -> None:
    """A committed file equals what is generated; `python -m ultra.telemetry .` writes them again."""
    assert (ROOT / name).read_text(encoding="utf-8") == written_files()[name]


def test_no_dashboard_is_left_over() -> None:
    """Each file in the folder is one that is generated."""
    found = {str(path.relative_to(ROOT)) for path in (GRAFANA / "dashboards").iterdir()}
    assert found == {name for name in written_files() if name.startswith("deploy/")}


def test_prometheus_takes_the_sample_and_the_rules() -> None:
    """The configuration and every expression in it are valid."""
    promtool("check", "config", "prometheus.yml")
    promtool("check", "rules", "ultra.rules.yml")


def test_the_alerts_fire_when_they_should() -> None:
    """The rules' own tests: each alert fires where it should, and not a moment before."""
    promtool("test", "rules", "tests/ultra.test.yml")


def test_every_alert_has_its_tests() -> None:
    """Each is seen to fire and seen to be silent."""
    tests = yaml.safe_load((PROMETHEUS / "tests" / "ultra.test.yml").read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    names = {alert["alert"] for alert in alerts()}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    """The page is called as the alert, is named by it, and says what it means, how to see it and what to do."""
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == {alert["alert"] for alert in alerts()}
    index = (RUNBOOKS / "README.md").read_text()
    for alert in alerts():
        name = alert["alert"]
        assert alert["annotations"]["runbook"] == f"docs/runbooks/{name}.md"
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert f"({name}.md)" in index
        page = (RUNBOOKS / f"{name}.md").read_text()
        assert f"`{name}`" in page
        assert re.findall("^## (.*)$", page, re.MULTILINE) == ["What it means", "How to see it", "What to do"]


def test_every_expression_of_a_dashboard_is_one(tmp_path: Path) -> None:
    """Prometheus understands each, with Grafana's variables filled in."""
    rules = []
    for path in sorted((GRAFANA / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                expression = target["expr"]
                for name, value in VARIABLES.items():
                    expression = expression.replace(name, value)
                rules.append({"record": f"panel:{len(rules)}", "expr": expression})
    assert len(rules) > 20
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", "panels.yml", cwd=tmp_path)


def test_grafana_finds_what_it_is_given() -> None:
    """The provisioning files are YAML that names the folder of the dashboards and a source."""
    provisioning = GRAFANA / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    (loaded,) = yaml.safe_load((provisioning / "dashboards" / "ultra.yml").read_text())["providers"]
    assert source["type"] == "prometheus"
    assert loaded["options"]["path"] == "/etc/grafana/dashboards"
