"""`ultra verify --url`: a server that somebody else has started, with mocks in the place of real providers."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.journeys.programs import Mock, UltraProcess, at, environment, mock_process, ultra_process
from tests.readiness.verifying import make_admin, results, verify
from ultra.readiness import Need, every_step

LIVE = ("live-answer", "live-stream", "live-tool", "live-schema", "live-refused")
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """Start what stands in for every provider."""
    with mock_process() as running:
        yield running


@pytest.fixture(scope="module")
def ultra(mock: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Serve."""
    with ultra_process(tmp_path_factory.mktemp("ultra"), mock) as process:
        yield process


@pytest.fixture(scope="module")
def admin(ultra: UltraProcess, mock: Mock) -> dict[str, str]:
    """Make an administrator."""
    return make_admin(ultra.folder, environment(ultra.folder, **at(mock)))


def test_without_credentials_little_can_be_tried(ultra: UltraProcess, tmp_path: Path) -> None:
    """What needs an administrator is not run, and never passed; the report says what is missing."""
    done, report = verify(tmp_path, "--url", ultra.url)
    needy = {step.name for step in every_step() if step.needs}
    assert {name for name, result in results(report).items() if result == "not_run"} == needy
    said = {step["id"]: step["said"] for step in report["steps"]}
    assert "VERIFY_ADMIN" in said["keys"]
    assert "rehearsal" in said["resume"]
    assert done.returncode == report["exit_code"] == 1  # it is no production, and says so
    assert results(report)["alive"] == "failed"


def test_with_credentials_accounts_are_tried_and_removed(
    ultra: UltraProcess, admin: dict[str, str], tmp_path: Path
) -> None:
    """Steps about accounts run over HTTP alone; nobody they have made is left."""
    steps = "tokens,keys,roles,limits,errors,closed-docs,completion,shutdown"
    done, report = verify(tmp_path, "--url", ultra.url, "--only", steps, **admin)
    found = results(report)
    assert found == {
        **dict.fromkeys(("tokens", "keys", "limits", "errors"), "passed"),
        **dict.fromkeys(("completion", "shutdown"), "not_run"),
        "closed-docs": "failed",  # they are open in every environment but production
        "roles": found["roles"],
    }
    assert done.returncode == 1
    assert (report["kind"], report["server"], report["spent_usd"]) == ("deployment", ultra.url, None)
    assert "readiness_" not in users(ultra)


def users(ultra: UltraProcess) -> str:
    """Return what the database says of users."""
    import sqlite3

    with sqlite3.connect(f"file:{ultra.database}?mode=ro", uri=True) as connection:
        return repr(connection.execute("SELECT username FROM users").fetchall())


def test_real_providers_are_asked_under_a_cap(
    ultra: UltraProcess, admin: dict[str, str], mock: Mock, tmp_path: Path
) -> None:
    """One answer, one stream, one tool call, one schema and one refusal of each provider; what they cost is counted."""
    mock.reset()
    done, report = verify(tmp_path, "--url", ultra.url, "--live", "--only", ",".join(LIVE), **admin)
    assert results(report) == dict.fromkeys(LIVE, "passed"), report
    assert done.returncode == 0
    asked = mock.requests()
    assert len(asked) == len(LIVE) * 4  # three vendors and a compatible server
    assert {each["provider"] for each in asked} == {"openai", "anthropic", "gemini", "acme"}
    assert Decimal(0) < Decimal(report["spent_usd"]) <= Decimal("0.05")


def test_nothing_is_asked_beyond_the_cap(
    ultra: UltraProcess, admin: dict[str, str], mock: Mock, tmp_path: Path
) -> None:
    """A call that might cost more than is left is not made, which is not run and not passed."""
    mock.reset()
    cap = ("--live", "--max-usd", "0.0001")
    done, report = verify(tmp_path, "--url", ultra.url, *cap, "--only", "live-answer,completion", **admin)
    assert results(report) == {"live-answer": "not_run", "completion": "not_run"}
    assert done.returncode == 69
    assert Decimal(report["spent_usd"]) <= Decimal("0.0001")


def test_nobody_is_there(tmp_path: Path) -> None:
    """A server that does not answer has failed."""
    done, report = verify(tmp_path, "--url", "http://127.0.0.1:9", "--only", "alive")
    assert done.returncode == 1
    assert "no whole answer" in report["steps"][0]["said"]


def test_a_step_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    """The sentence names the steps there are."""
    done, _ = verify(tmp_path, "--only", "everything")
    assert done.returncode == 2
    assert "sign-in" in done.stderr


def test_needs_have_sentences() -> None:
    """Whatever a step needs, what to do about its absence can be said."""
    assert all(need.sentence for need in Need)
