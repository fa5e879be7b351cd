"""One word in `.env` decides, unless the process environment does."""

import stat
from pathlib import Path

import pytest

from ultra.config import ConfigurationInvalid
from ultra.domain.findings import Finding
from ultra.environments import Standing, standing, switch

WRONG = (Finding("U001", "error", "ULTRA_CSRF_KEY", "is not set."),)
ADVICE = (Finding("U002", "warning", "DATABASE_URL", "is SQLite."),)


@pytest.mark.parametrize(
    ("text", "environ", "stands", "configured"),
    [
        (None, {}, Standing("development", "default", None), "development"),
        ("# x\nENVIRONMENT=testing\n", {}, Standing("testing", ".env, line 2", "testing"), "testing"),
        ("ENVIRONMENT=testing\n", {"ENVIRONMENT": "production"}, None, "testing"),
        ("ENVIRONMENT=prod\n", {}, Standing(None, ".env, line 1", "prod"), None),
        ("ENVIRONMENT=\n", {}, Standing(None, ".env, line 1", ""), None),
        (None, {"ENVIRONMENT": ""}, Standing(None, "process environment", None), "development"),
    ],
)
def test_where_one_stands(
    tmp_path: Path, text: str | None, environ: dict[str, str], stands: Standing | None, configured: str | None
) -> None:
    """The process environment wins over `.env`, which wins over the default; another word is no environment."""
    if text is not None:
        (tmp_path / ".env").write_text(text)
    found = standing(environ=environ, folder=tmp_path)
    assert found == (stands or Standing("production", "process environment", "testing"))
    assert found.configured == configured
    assert found.is_overridden is bool(environ)


def test_a_switch_writes_one_word(tmp_path: Path) -> None:
    """A fresh `.env` explains itself; comments of one that is there stay, and so does its mode."""
    env = tmp_path / ".env"
    assert switch(tmp_path, "production", findings=()) == "switched"
    assert env.read_text().endswith("\nENVIRONMENT=production\n")
    env.write_text("# mine\nexport ENVIRONMENT='production' # ours\n")
    env.chmod(0o640)
    assert switch(tmp_path, "testing", findings=ADVICE) == "switched"
    assert env.read_text() == "# mine\nexport ENVIRONMENT=testing # ours\n"
    assert stat.S_IMODE(env.stat().st_mode) == 0o640
    assert switch(tmp_path, "testing", findings=()) == "unchanged"


def test_an_error_refuses_unless_forced(tmp_path: Path) -> None:
    """Nothing is written for a target that would not start."""
    assert switch(tmp_path, "production", findings=WRONG) == "refused"
    assert not list(tmp_path.iterdir())
    assert switch(tmp_path, "production", findings=WRONG, force=True) == "switched"


def test_a_word_that_was_no_environment_is_replaced(tmp_path: Path) -> None:
    """A switch is the way out of a `.env` that stops everything; a file it cannot read is left alone."""
    env = tmp_path / ".env"
    env.write_text("ENVIRONMENT=prod\nENVIRONMENT=staging\n")
    assert switch(tmp_path, "development", findings=()) == "switched"
    assert env.read_text() == "ENVIRONMENT=development\n"
    env.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationInvalid):
        switch(tmp_path, "testing", findings=())
    assert env.read_bytes() == b"\xff\xfe"
