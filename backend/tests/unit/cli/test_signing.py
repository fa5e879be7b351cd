"""`ultra signing rotate` on the command line."""

import json
from pathlib import Path

import pytest

from ultra.cli.main import run

OLD = "k1:one-secret-of-the-tests-that-is-long-enough"


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a ring in its local file, and nothing in the environment."""
    for name in ("ULTRA_SIGNING_KEYS", "ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ".env.development.local"
    path.write_text(f"ULTRA_SIGNING_KEYS={OLD}\n")
    path.chmod(0o600)
    return path


def test_rotating_says_what_was_done_and_that_it_waits_for_a_reload(
    local: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names are shown, secrets are not."""
    assert run(["signing", "rotate", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["checks"], told["dropped"], told["reload"]) == (["k1"], [], True)
    assert run(["signing", "rotate"]) == 0
    said = capsys.readouterr().out
    assert "SIGHUP" in said
    assert "Dropped: k1." in said
    assert "secret" not in said
    assert OLD not in local.read_text()


def test_a_ring_from_the_environment_is_rotated_there(
    local: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Writing a file that something else overrides would only look like a rotation."""
    monkeypatch.setenv("ULTRA_SIGNING_KEYS", OLD)
    assert run(["signing", "rotate"]) == 78
    assert "comes from" in capsys.readouterr().err
    assert local.read_text() == f"ULTRA_SIGNING_KEYS={OLD}\n"


def test_without_a_ring_there_is_nothing_to_rotate(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The refusal says where the ring would have to stand."""
    local.unlink()
    assert run(["signing", "rotate"]) == 78
    assert ".env.development.local" in capsys.readouterr().err
