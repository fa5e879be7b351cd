"""Secrets that nobody gave are made once, kept for this machine alone, and found again."""

import stat
import threading
from pathlib import Path

import pytest

from ultra.cli.house import complete_configuration
from ultra.config import load, missing_secrets
from ultra.environments import GUARDING, keep_secrets
from ultra.system import System

NAMES = ("ULTRA_SIGNING_KEYS", "ULTRA_CSRF_KEY", "ULTRA_KEY_PEPPER")


def local(folder: Path) -> Path:
    """Return where development keeps its secrets."""
    return folder / ".env.development.local"


def test_what_is_kept_is_closed_and_completes_the_configuration(tmp_path: Path) -> None:
    """The file is readable for its owner alone, and with it nothing is missing, in production's eyes neither."""
    assert missing_secrets(load(environ={}, folder=tmp_path).settings) == NAMES == GUARDING
    assert keep_secrets(tmp_path, "development", NAMES, system=System()) == NAMES
    path = local(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert missing_secrets(load(environ={}, folder=tmp_path).settings) == ()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_what_stood_in_the_file_stays(tmp_path: Path) -> None:
    """Comments, other settings and secrets that are there already are kept as they are."""
    local(tmp_path).write_text("# mine\nOPENAI_API_KEY=sk-1\nULTRA_CSRF_KEY=kept")
    local(tmp_path).chmod(0o600)
    made = keep_secrets(tmp_path, "development", NAMES, system=System())
    assert made == ("ULTRA_SIGNING_KEYS", "ULTRA_KEY_PEPPER")
    lines = local(tmp_path).read_text().splitlines()
    assert lines[:3] == ["# mine", "OPENAI_API_KEY=sk-1", "ULTRA_CSRF_KEY=kept"]
    assert [line.partition("=")[0] for line in lines[3:]] == ["ULTRA_SIGNING_KEYS", "ULTRA_KEY_PEPPER"]


def test_of_many_that_start_at_once_one_makes_the_secrets(tmp_path: Path) -> None:
    """All of them end up with the same ones."""
    threads = [
        threading.Thread(target=keep_secrets, args=(tmp_path, "development", NAMES), kwargs={"system": System()})
        for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    names = [line.partition("=")[0] for line in local(tmp_path).read_text().splitlines() if not line.startswith("#")]
    assert sorted(names) == sorted(NAMES)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder without settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("ENVIRONMENT", *NAMES):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_development_finds_its_secrets_again(here: Path) -> None:
    """The second start uses what the first one made."""
    first, _ = complete_configuration(serving=True)
    second, given = complete_configuration(serving=True)
    assert first.settings.csrf_key.reveal() == second.settings.csrf_key.reveal() is not None
    assert given == {}


def test_testing_makes_secrets_for_one_run(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run has others, nothing is written, and its worker processes are handed the same ones."""
    monkeypatch.setenv("ENVIRONMENT", "testing")
    first, given = complete_configuration(serving=True)
    second, _ = complete_configuration(serving=True)
    assert first.settings.csrf_key.reveal() == given["ULTRA_CSRF_KEY"] != second.settings.csrf_key.reveal()
    assert list(here.iterdir()) == []


def test_production_makes_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What production lacks stays missing."""
    monkeypatch.setenv("ENVIRONMENT", "production")
    loaded, _ = complete_configuration()
    assert missing_secrets(loaded.settings) == NAMES
    assert list(here.iterdir()) == []
