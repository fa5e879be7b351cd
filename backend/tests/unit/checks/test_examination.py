"""An examination finds everything at once, of broken configurations too, and changes nothing."""

import socket
from pathlib import Path

import pytest

from tests.fakes.system import FakeSystem
from tests.unit.checks.examining import examined, production
from ultra.checks import ConfigurationRefused, examine


def found(folder: Path, **environ: str) -> set[str]:
    """Return the ids of what is found."""
    return {each.id for each in examined(folder, **environ).findings}


def test_the_gravest_comes_first(tmp_path: Path) -> None:
    """By level, then by id."""
    findings = examined(tmp_path, **production(ULTRA_CSRF_KEY="", ULTRA_WORKERS="2", ULTRA_HOST="0.0.0.0")).findings
    levels = [each.level for each in findings]
    assert levels == sorted(levels, key=["error", "warning", "info"].index)
    errors = [each.id for each in findings if each.level == "error"]
    assert errors == sorted(errors) == ["U020", "U044", "U044"]


def test_what_may_be_used_is_given_and_anything_else_refused(tmp_path: Path) -> None:
    """`usable` gives the settings, or raises every error, each under its id and with exit code 78."""
    assert examined(tmp_path).usable().settings.environment == "development"
    with pytest.raises(ConfigurationRefused) as caught:
        examined(tmp_path, ULTRA_PORT="many", ULTRA_WORKERS="2").usable()
    assert [each.id for each in caught.value.findings] == ["U003", "U044", "U044"]
    assert caught.value.exit_code == 78
    assert [line.split()[0] for line in str(caught.value).splitlines()] == ["U003", "U044", "U044"]


def test_what_was_found_goes_along_with_what_may_be_used(tmp_path: Path) -> None:
    """A server that starts in spite of warnings can tell of them."""
    examination = examined(tmp_path, **production(REDIS_URL=""))
    assert examination.findings
    assert examination.usable().findings == examination.findings


def test_a_value_that_is_wrong_is_said_once(tmp_path: Path) -> None:
    """What stands in its place meanwhile is not judged, too."""
    assert found(tmp_path, **production(ULTRA_PUBLIC_ORIGIN="ultra.example", GEMINI_API_KEY="k")) & {
        "U003",
        "U050",
    } == {"U003"}


def test_what_a_broken_file_would_have_said_is_unknown(tmp_path: Path) -> None:
    """A neighbour may be marked in the file that cannot be read: nothing is said of it until it can."""
    (tmp_path / "ultra.toml").write_text("[[providers]\n")
    ids = found(tmp_path, **production(ULTRA_OPENAI_BASE_URL="http://near.lan/v1"))
    assert "U011" in ids
    assert not ids & {"U012", "U032", "U033"}


def test_a_start_leaves_out_what_it_finds_out_itself(tmp_path: Path) -> None:
    """A port that somebody has is a note for `ultra check`; the start says it by itself."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environ = {"ULTRA_PORT": str(taken.getsockname()[1])}
        checked = examined(tmp_path, **environ).findings
        started = examine(environ=environ, folder=tmp_path, starting=True, system=FakeSystem()).findings
    assert [(each.id, each.level) for each in checked] == [("U060", "info")]
    assert started == ()


def test_another_environment_can_be_judged(tmp_path: Path) -> None:
    """`environment` wins over every source, and that environment's own files are read."""
    (tmp_path / ".env").write_text("ENVIRONMENT=testing\n")
    (tmp_path / ".env.production").write_text("ULTRA_PORT=many\n")
    examination = examine(environ={}, folder=tmp_path, environment="production", system=FakeSystem())
    assert examination.environment == "production"
    assert {"U003", "U020"} <= {each.id for each in examination.findings}


def test_nothing_is_written(tmp_path: Path) -> None:
    """A folder is as it was."""
    examined(tmp_path)
    examined(tmp_path, **production())
    assert list(tmp_path.iterdir()) == []
