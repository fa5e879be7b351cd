"""The Helm chart: linted, and rendered into what a cluster would be told. It is not run here: there is no cluster."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ultra.config import declarations

CHART = Path(__file__).parents[3] / "deploy" / "helm" / "ultra"
LEAST: dict[str, Any] = {"publicOrigin": "https://ultra.example", "existingSecret": "ultra-secrets"}
MOST: dict[str, Any] = {
    **LEAST,
    "config": '[aliases]\nfast = ["openai/gpt-6-luna"]\n',
    "trustedProxies": ["10.0.0.0/8", "192.168.0.0/16"],
    "settings": {"ULTRA_RETENTION_DAYS": "30"},
    "metricsPort": 9464,
    "ingress": {"enabled": True, "host": "ultra.example", "className": "nginx", "tlsSecret": "ultra-tls"},
    "networkPolicy": {"enabled": True, "ingressFrom": [{"namespaceSelector": {}}]},
}

helm = pytest.importorskip("helm_python", reason="not run: the wheel is made for Linux on x86-64")


def rendered(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a release is made of, by kind and name."""
    with helm.Chart.load(CHART) as chart:
        chart.validate_schema(values)
        texts = chart.render(values, name="prod", namespace="ultra")
    found = [part for name, text in texts.items() if name.endswith(".yaml") for part in yaml.safe_load_all(text)]
    return {f"{part['kind']}/{part['metadata']['name']}": part for part in found if part}


@pytest.mark.parametrize("values", [LEAST, MOST])
def test_the_linter_is_content(values: dict[str, Any]) -> None:
    """With the least and with the most that can be set."""
    report = helm.lint(CHART, values, strict=True, kube_version="v1.33.0")
    assert report["errors"] == []
    assert not [each for each in report["messages"] if each["severity"] > 1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"publicOrigin": ""},
        {"publicOrigin": "http://ultra.example"},
        {"existingSecret": ""},
        {"replica": 2},
        {"settings": {"OPENAI_API_KEY": "a secret does not belong here"}},
    ],
)
def test_what_is_missing_or_misspelt_is_refused(wrong: dict[str, Any]) -> None:
    """Before anything is sent to a cluster."""
    with pytest.raises(helm.HelmError):
        rendered({**LEAST, **wrong})


def test_pods_are_probed_by_the_right_questions() -> None:
    """Liveness depends on nothing, readiness on what is needed to serve, and leaving has its time."""
    pod = rendered(LEAST)["Deployment/prod"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert pod["terminationGracePeriodSeconds"] == 45
    assert pod["initContainers"][0]["args"] == ["db", "upgrade"]


def test_pods_may_do_next_to_nothing() -> None:
    """No root, nothing to write to but three mounts, no capability, no token of the cluster."""
    pod = rendered(MOST)["Deployment/prod"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in [*pod["containers"], *pod["initContainers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        writable = {each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")}
        assert writable == {"/data", "/tmp"}


def test_secrets_are_named_and_never_stand_in_the_chart() -> None:
    """They are mounted from a Secret that exists already, and no setting that is a secret is in the ConfigMap."""
    parts = rendered(MOST)
    volumes = parts["Deployment/prod"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "secrets", "secret": {"secretName": "ultra-secrets", "defaultMode": 0o440}} in volumes
    assert not [name for name in parts if name.startswith("Secret/")]
    secret = {each.name for each in declarations() if each.setting.secret}
    assert not secret & set(parts["ConfigMap/prod"]["data"])


def test_every_setting_of_the_chart_is_one_of_ours() -> None:
    """An unknown one would keep every pod from starting."""
    data = rendered(MOST)["ConfigMap/prod"]["data"]
    assert not set(data) - {each.name for each in declarations()}
    assert data["ULTRA_TRUSTED_PROXIES"] == "10.0.0.0/8,192.168.0.0/16"


def test_a_disruption_leaves_a_pod() -> None:
    """The budget finds the deployment's pods, and so does the service."""
    parts = rendered(LEAST)
    labels = parts["Deployment/prod"]["spec"]["template"]["metadata"]["labels"]
    for selector in (
        parts["PodDisruptionBudget/prod"]["spec"]["selector"]["matchLabels"],
        parts["Service/prod"]["spec"]["selector"],
    ):
        assert selector.items() <= labels.items()
    assert parts["PodDisruptionBudget/prod"]["spec"]["maxUnavailable"] == 1
