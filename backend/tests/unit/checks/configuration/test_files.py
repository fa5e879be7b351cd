"""Who else may read or replace what a configuration is made of."""

import os
from pathlib import Path

import pytest

from tests.unit.checks.examining import errors, examined

LOCAL = ".env.production.local"


def local(folder: Path) -> Path:
    """Make a closed file of secrets in a closed folder."""
    path = folder / LOCAL
    path.write_text("ULTRA_PORT=1\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("mode", [0o644, 0o666, 0o640, 0o604, 0o620])
def test_a_file_of_secrets_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    """Whatever others may do with it, the command that mends it is said."""
    path = local(tmp_path)
    path.chmod(mode)
    assert f"chmod 600 {path}" in errors(tmp_path, ENVIRONMENT="production")[LOCAL]


def test_the_command_works_in_a_folder_with_blanks(tmp_path: Path) -> None:
    """What is said can be copied as it is."""
    folder = tmp_path / "my ultra"
    folder.mkdir(mode=0o700)
    path = local(folder)
    path.chmod(0o644)
    assert f"chmod 600 '{path}'" in errors(folder, ENVIRONMENT="production")[LOCAL]


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_closed_one_is_fine(tmp_path: Path, mode: int) -> None:
    """Readable for its owner alone."""
    local(tmp_path).chmod(mode)
    assert errors(tmp_path, ENVIRONMENT="production") == {}


def test_a_folder_where_anybody_may_replace_it_is_refused(tmp_path: Path) -> None:
    """Except where only owners may remove what is theirs, as in /tmp."""
    local(tmp_path)
    tmp_path.chmod(0o777)
    assert f"chmod o-w {tmp_path}" in errors(tmp_path, ENVIRONMENT="production")[LOCAL]
    tmp_path.chmod(0o1777)
    assert errors(tmp_path, ENVIRONMENT="production") == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_strangers_file_is_refused(tmp_path: Path) -> None:
    """Whoever owns it can change it at any time."""
    os.chown(local(tmp_path), 12345, -1)
    assert "another account" in errors(tmp_path, ENVIRONMENT="production")[LOCAL]


@pytest.mark.parametrize(
    ("bits", "is_fine"), [(0o666, False), (0o620, False), (0o602, False), (0o644, True), (0o400, True)]
)
def test_a_mounted_secret_that_others_may_write_is_refused(tmp_path: Path, bits: int, is_fine: bool) -> None:
    """Reading it is the mount's business, replacing it nobody's; a link is judged by what it leads to."""
    mounted = tmp_path / "mounted"
    (mounted / "..data").mkdir(parents=True)
    mounted.chmod(0o755)
    key = mounted / "..data" / "OPENAI_API_KEY"
    key.write_text("sk-mounted")
    key.chmod(bits)
    (mounted / "OPENAI_API_KEY").symlink_to(key)
    found = errors(tmp_path, ENVIRONMENT="production", ULTRA_SECRETS_DIR="mounted")
    assert ("OPENAI_API_KEY" not in found) == is_fine
    if not is_fine:
        assert "U008" in found["OPENAI_API_KEY"]
        assert "chmod go-w" in found["OPENAI_API_KEY"]


def test_copies_of_secrets_are_noticed(tmp_path: Path) -> None:
    """Drafts and backups of env files are read in no environment, and are said by name."""
    for name in (".env.local", ".env.production.local.bak", ".env.staging", ".envrc", ".env.sample"):
        (tmp_path / name).touch()
    found = {each.setting for each in examined(tmp_path).findings if each.id == "U013"}
    assert found == {".env.local", ".env.production.local.bak", ".env.staging"}
