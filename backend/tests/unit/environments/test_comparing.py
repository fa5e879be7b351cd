"""Two environments side by side: what differs is shown, and no secret with it."""

from pathlib import Path

from ultra.config import survey
from ultra.environments import Difference, compare


def differences(folder: Path, *, reveal: bool = False) -> dict[str, Difference]:
    """Compare development with production."""
    development = survey(environ={}, folder=folder, environment="development")
    production = survey(environ={}, folder=folder, environment="production")
    return {each.name: each for each in compare(development, production, reveal=reveal)}


def test_defaults_and_files_are_compared_and_secrets_masked(tmp_path: Path) -> None:
    """Equal values are left out; of secrets only whether they are set, and whether they are the same one."""
    (tmp_path / ".env.development.local").write_text("ULTRA_CSRF_KEY=one\nULTRA_KEY_PEPPER=same\nMINE=a\n")
    (tmp_path / ".env.production.local").write_text(
        "ULTRA_CSRF_KEY=two\nULTRA_KEY_PEPPER=same\nULTRA_SIGNING_KEYS=three\nDATABASE_URL=postgresql://u:four@h/d\n"
    )
    found = differences(tmp_path)
    assert found["ULTRA_MOCK_SERVERS"] == Difference("ULTRA_MOCK_SERVERS", "true", "false")
    assert found["ULTRA_CSRF_KEY"] == Difference("ULTRA_CSRF_KEY", "********", "******** (another)")
    assert found["ULTRA_SIGNING_KEYS"] == Difference("ULTRA_SIGNING_KEYS", None, "********")
    assert found["MINE"] == Difference("MINE", "********", None)
    assert found["DATABASE_URL"].then == "postgresql://u:********@h/d"
    assert not {"ULTRA_KEY_PEPPER", "ULTRA_PORT"} & set(found)
    shown = repr(found)
    assert not [secret for secret in ("'one'", "'two'", "three", "four", "same") if secret in shown]


def test_secrets_are_shown_where_that_is_wanted(tmp_path: Path) -> None:
    """`reveal` shows both."""
    (tmp_path / ".env.development.local").write_text("ULTRA_CSRF_KEY=one\n")
    assert differences(tmp_path, reveal=True)["ULTRA_CSRF_KEY"].now == "one"
