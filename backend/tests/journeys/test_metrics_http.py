"""`/metrics` of a running server: who may read it, in which form, and that it tells what happened."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.programs import (
    Mock,
    UltraProcess,
    at,
    environment,
    fetch,
    mock_process,
    ultra_process,
    until,
)
from tests.journeys.scraping import scrape, scraped
from tests.system_programs import program
from tests.twins.valkeys import free_port

ROOT = Path(__file__).parents[3]
METRIC = re.compile(r"\b(?:ultra|process)_[a-z_]+\b")
PASSWORD = "violin harbour ninety lamps"


@pytest.fixture(scope="module")
def port() -> int:
    """Return a port for Prometheus."""
    return free_port()


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """Run a mock."""
    with mock_process() as found:
        yield found


@pytest.fixture(scope="module")
def ultra(mock: Mock, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Serve, with a port of its own for metrics."""
    settings = {"ULTRA_METRICS_PORT": str(port), "ULTRA_LOG_FORMAT": "json"}
    with ultra_process(tmp_path_factory.mktemp("ultra"), mock, settings=settings) as process:
        yield process


def complete(ultra: UltraProcess, model: str, **more: object) -> tuple[int, object]:
    """Ask a model."""
    body = {"model": model, "messages": [{"role": "user", "content": "Say a secret word: xylophone-42."}], **more}
    return fetch(f"{ultra.url}/v1/chat/completions", method="POST", body=body)


def fetched(url: str) -> int:
    """Return the status of an address."""
    try:
        with urllib.request.urlopen(url, timeout=30) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_nobody_without_a_credential_reads_it(ultra: UltraProcess) -> None:
    """The main port wants the permission: without a credential it is a 401, and not a word of it."""
    found = scrape(ultra.url)
    assert found.status == 401
    assert "ultra_" not in found.text


@pytest.mark.parametrize(("scope", "status"), [("models:read", 403), ("metrics:read", 200)])
def test_a_key_reads_it_with_the_scope_alone(ultra: UltraProcess, mock: Mock, scope: str, status: int) -> None:
    """Being known is not enough, and nothing else is needed."""
    command = [sys.executable, "-m", "ultra", "keys", "create", "--name", scope, "--scope", scope, "--json"]
    variables = environment(ultra.folder, **at(mock))
    made = subprocess.run(command, cwd=ultra.folder, env=variables, capture_output=True, check=True)
    assert scrape(ultra.url, key=json.loads(made.stdout)["key"]).status == status


def test_its_own_port_needs_none_and_has_nothing_else(ultra: UltraProcess, port: int) -> None:
    """There is `/metrics` and nothing besides; a browser gets nothing at all."""
    here = f"http://127.0.0.1:{port}"
    assert scrape(here).status == 200
    for path in ("/", "/health/live", "/v1/models", "/api/users"):
        assert fetched(here + path) == 404
    assert scrape(here, **{"sec-fetch-site": "same-origin"}).status == 403
    assert fetched(f"{ultra.url}/health/live") == 200


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "application/openmetrics-text"),
    ],
)
def test_the_format_is_that_which_is_asked_for(ultra: UltraProcess, accept: str, kind: str) -> None:
    """Prometheus' own text, or OpenMetrics with its end."""
    found = scrape(ultra.url, key=ultra.key, accept=accept)
    assert found.content_type.startswith(kind)
    assert found.text.endswith("# EOF\n") is ("openmetrics" in kind)


def test_promtool_finds_nothing_to_say(ultra: UltraProcess) -> None:
    """Names, units and help of a real scrape are as Prometheus wants them."""
    complete(ultra, "acme/alpha")
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=scraped(ultra).text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_a_completion_is_counted(ultra: UltraProcess) -> None:
    """Request, call, time to the first token, tokens and money."""
    before = scraped(ultra)
    assert complete(ultra, "acme/alpha")[0] == 200
    after = scraped(ultra)

    def grown(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)

    model = {"provider": "acme", "model": "acme/alpha"}
    assert grown("ultra_http_requests_total", route="/v1/chat/completions", method="POST", status="2xx") == 1
    assert grown("ultra_upstream_calls_total", outcome="ok", **model) == 1
    assert grown("ultra_upstream_first_token_seconds_count", **model) == 1
    assert grown("ultra_tokens_total", kind="output", **model) > 0
    assert grown("ultra_cost_usd_total", **model) > 0


def test_failures_retries_and_breakers_are_counted(ultra: UltraProcess, mock: Mock) -> None:
    """Five failures in a row open the breaker of the model."""
    mock.arm("server-error", model="beta")
    try:
        for _ in range(3):
            assert complete(ultra, "acme/beta")[0] in (502, 503)
    finally:
        mock.disarm()
    found, model = scraped(ultra), {"provider": "acme", "model": "acme/beta"}
    assert found.value("ultra_upstream_failures_total", kind="upstream_failed", **model) >= 5
    assert found.value("ultra_upstream_retries_total", **model) >= 3
    assert found.value("ultra_breaker_state", state="open", **model) == 1
    assert found.value("ultra_breaker_openings_total", **model) == 1


def test_a_run_is_counted_with_its_quorum(ultra: UltraProcess) -> None:
    """Status, and how many of how many answered."""
    body = {"prompt": "What is 2+2?", "models": ["acme/alpha", "acme/gamma"]}
    status, run = fetch(f"{ultra.url}/api/analyze", method="POST", body=body)
    assert status == 200, run
    found = scraped(ultra)
    assert found.value("ultra_runs_total", pattern="consensus", status=run["status"]) == 1
    assert found.value("ultra_run_models_asked_total") == found.value("ultra_run_models_answered_total") == 2
    assert found.value("ultra_journal_lag_seconds_count") > 0


def test_the_health_of_each_part_is_told(ultra: UltraProcess) -> None:
    """What the server has found of itself is 0 where all is well."""
    until(lambda: 'ultra_condition_health{name="database"} 0' in scraped(ultra).text, patience=60, what="a look")


def test_refusals_are_counted_by_what_refused(ultra: UltraProcess) -> None:
    """Wrong passwords, bad keys, and X-Test-Mode where it is not honoured."""
    login = {"username": "nobody", "password": PASSWORD}
    assert fetch(f"{ultra.url}/api/auth/token", method="POST", body=login)[0] == 401
    assert scrape(ultra.url, key="ultra_sk_test_not-a-key").status == 401
    found = scraped(ultra)
    assert found.value("ultra_sign_in_failures_total", cause="unknown") == 1
    assert found.value("ultra_credentials_refused_total", action="key_rejected") >= 1


def test_what_callers_invent_stays_out_of_labels(ultra: UltraProcess) -> None:
    """Unknown models, methods and paths do not make a line each."""
    for number in range(20):
        complete(ultra, f"acme/invented-{number}")
        fetch(f"{ultra.url}/invented/{number}")
        fetch(f"{ultra.url}/v1/models/invented-{number}")
    text = scraped(ultra).text
    assert 'route="/v1/models/{id:path}"' in text
    assert "invented" not in text
    assert 'route="unmatched"' in text
    assert "xylophone" not in text
    assert ultra.key not in text


def test_everything_that_is_alerted_on_or_shown_is_told(ultra: UltraProcess) -> None:
    """Each metric in the rules and the dashboards is one that this server tells."""
    known = scraped(ultra).names()
    texts = [(ROOT / "deploy/prometheus/ultra.rules.yml").read_text()]
    for path in sorted((ROOT / "deploy/grafana/dashboards").glob("*.json")):
        panels = json.loads(path.read_text())["panels"]
        texts += [target["expr"] for panel in panels for target in panel["targets"]]
    named = {name for text in texts for name in METRIC.findall(text)}
    assert len(named) > 20
    assert named <= known, sorted(named - known)


def test_the_log_line_has_what_an_operator_needs(ultra: UltraProcess) -> None:
    """Route, model, provider, attempts, tokens, cost, times and principal; nothing of what was asked or answered."""
    body = {"model": "acme/gamma", "messages": [{"role": "user", "content": "xylophone-42"}]}
    status, answer = fetch(f"{ultra.url}/v1/chat/completions", method="POST", body=body)
    assert status == 200

    def found() -> dict[str, object] | None:
        lines = [json.loads(line) for line in ultra.log().splitlines() if line.startswith("{")]
        return next((line for line in lines if line.get("model") == "acme/gamma"), None)

    line = until(found, patience=30, what="the line of the request")
    assert line["route"] == line["path"] == "/v1/chat/completions"
    assert (line["method"], line["status"], line["provider"], line["attempts"]) == ("POST", 200, "acme", 1)
    assert line["input_tokens"] == answer["usage"]["prompt_tokens"]
    assert line["output_tokens"] == answer["usage"]["completion_tokens"]
    assert float(line["cost_usd"]) > 0
    assert 0 < line["first_byte_ms"] <= line["ms"]
    assert line["principal"].startswith("user_")
    assert "xylophone" not in ultra.log()
    assert answer["choices"][0]["message"]["content"] not in ultra.log()


def test_a_failed_completion_has_its_attempts_in_the_log(ultra: UltraProcess, mock: Mock) -> None:
    """Who was asked in vain, how often, and what went wrong."""
    mock.arm("server-error", model="delta")
    try:
        assert complete(ultra, "acme/delta")[0] == 502
    finally:
        mock.disarm()

    def found() -> dict[str, object] | None:
        lines = [json.loads(line) for line in ultra.log().splitlines() if line.startswith("{")]
        return next((line for line in lines if line.get("model") == "acme/delta"), None)

    line = until(found, patience=30, what="the line of the request")
    assert (line["provider"], line["error"], line["status"]) == ("acme", "upstream_failed", 502)
    assert line["attempts"] > 1


def test_a_taken_port_is_said(ultra: UltraProcess, port: int, tmp_path: Path) -> None:
    """A second server on the same port for metrics does not start, and says which setting to change."""
    with mock_process() as mock:
        variables = environment(tmp_path, **(at(mock) | {"ULTRA_METRICS_PORT": str(port)}))
    command = [sys.executable, "-m", "ultra", "serve", "--port", "0"]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode != 0
    assert "ULTRA_METRICS_PORT" in done.stderr
