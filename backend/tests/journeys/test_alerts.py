"""An operator is told what goes wrong, and that it is over; a dead channel slows nobody."""

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.fakes.webhook import receiving
from tests.journeys.programs import Mock, environment, fetch, ultra_process, until

_DEAD = "json://127.0.0.1:1/nobody-listens"
_QUESTION = {"model": "acme/alpha", "messages": [{"role": "user", "content": "hello"}]}


def _ask(url: str) -> int:
    return fetch(f"{url}/v1/chat/completions", method="POST", body=_QUESTION)[0]


def test_a_provider_that_fails_and_comes_back_is_told(running_mock: Mock, tmp_path: Path) -> None:
    """The breaker opens: one alert. It closes: one more. Neither waits for the channel that nobody answers at."""
    with receiving() as receiver:
        settings = {
            "ULTRA_ALERT_URLS": f"{receiver.address} {_DEAD}",
            "ULTRA_BREAKER_FAILURES": "2",
            "ULTRA_BREAKER_OPEN_S": "0.5",
            "ULTRA_RETRY_ATTEMPTS": "1",
        }
        with ultra_process(tmp_path, running_mock, settings=settings) as ultra:
            running_mock.arm("status-500", provider="acme", model="alpha")
            began = time.monotonic()
            assert [_ask(ultra.url) for _ in range(2)] == [502, 502]
            assert time.monotonic() - began < 10
            until(lambda: receiver.told, patience=30, what="the alert")
            running_mock.disarm()
            until(lambda: _ask(ultra.url) == 200, patience=30, what="an answer")
            until(lambda: len(receiver.told) == 2, patience=30, what="that it is over")
            log = ultra.log()
    assert receiver.titles == [
        "Ultra (testing): breaker-open acme/alpha",
        "Ultra (testing): over: breaker-open acme/alpha",
    ]
    assert "docs/runbooks/breaker-open.md" in receiver.told[0]["message"]
    assert "a-secret-word" not in log
    assert "channel 2 json refused, or could not be reached" in log


def test_the_channels_can_be_tried(tmp_path: Path) -> None:
    """`ultra alerts test` tells each and says how it went; without any it says what to set."""
    with receiving() as receiver:
        told = _alerts(tmp_path, "test", "--json", ULTRA_ALERT_URLS=f"{receiver.address},{_DEAD}")
    assert told.returncode == 1
    assert [(each["channel"], each["is_told"]) for each in json.loads(told.stdout)] == [
        ("1 json", True),
        ("2 json", False),
    ]
    assert receiver.titles == ["Ultra (testing): test"]
    assert "a-secret-word" not in told.stdout + told.stderr
    nobody = _alerts(tmp_path, "test")
    assert nobody.returncode == 78
    assert "ULTRA_ALERT_URLS" in nobody.stderr


def test_without_trouble_no_alert_stands(tmp_path: Path) -> None:
    """`ultra alerts list` says so."""
    listed = _alerts(tmp_path, "list")
    assert (listed.returncode, listed.stdout) == (0, "No alert stands.\n")
    assert json.loads(_alerts(tmp_path, "list", "--json").stdout) == []


def _alerts(folder: Path, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "ultra", "alerts", *words]
    variables = environment(folder, **settings)
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=60)
