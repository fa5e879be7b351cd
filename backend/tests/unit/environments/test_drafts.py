"""A file is written as a whole or not at all, keeps what it was, and leaves nothing of killed writers."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ultra.environments.drafts import only_writer, private_copy, replace_file


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def write(path: Path, text: str, *, is_secret: bool = True) -> None:
    """Write as the editor does."""
    with only_writer(path) as real:
        replace_file(real, text.encode(), is_secret=is_secret)


@pytest.mark.parametrize(("before", "after"), [(None, 0o600), (0o600, 0o600), (0o400, 0o400), (0o644, 0o600)])
def test_a_secret_file_is_closed(tmp_path: Path, before: int | None, after: int) -> None:
    """It keeps a closed mode and loses an open one."""
    path = tmp_path / ".env.production.local"
    if before is not None:
        path.write_text("old")
        path.chmod(before)
    write(path, "A=1\n")
    assert (path.read_text(), mode(path)) == ("A=1\n", after)
    assert list(tmp_path.iterdir()) == [path]


def test_another_file_keeps_its_mode(tmp_path: Path) -> None:
    """`.env` holds no secret: who could read it still can."""
    path = tmp_path / ".env"
    path.write_text("old")
    for each in (0o644, 0o600, 0o640):
        path.chmod(each)
        write(path, "ENVIRONMENT=testing\n", is_secret=False)
        assert mode(path) == each


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(tmp_path: Path) -> None:
    """When root edits the file of the account that serves, that account can still read it."""
    path = tmp_path / ".env.production.local"
    path.write_text("old")
    path.chmod(0o600)
    os.chown(path, 12345, 12346)
    write(path, "A=1\n")
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (12345, 12346, 0o600)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it points to is replaced, where that stands."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "production.env").write_text("old")
    link = tmp_path / ".env.production.local"
    link.symlink_to("elsewhere/production.env")
    write(link, "A=1\n")
    assert link.is_symlink()
    assert (elsewhere / "production.env").read_text() == "A=1\n"
    assert [each.name for each in elsewhere.iterdir()] == ["production.env"]


def test_a_link_that_leads_nowhere_is_followed_and_a_circle_is_refused(tmp_path: Path) -> None:
    """A dangling link makes its target; a circle is an error with a sentence."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    write(link, "A=1\n")
    assert (tmp_path / "target").read_text() == "A=1\n"
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(OSError, match=r"circle|symbolic links"):
        write(circle, "A=1\n")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """A write that breaks off changes nothing and leaves no draft."""
    path = tmp_path / ".env.production.local"
    path.write_text("OLD=1\n")
    program = f"""
import resource
from pathlib import Path
from ultra.environments.drafts import only_writer, replace_file
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with only_writer(Path({str(path)!r})) as real:
    replace_file(real, b"A" * 5000)
"""
    backend = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", program], cwd=backend, capture_output=True, text=True, check=False)
    assert "File too large" in done.stderr
    assert path.read_text() == "OLD=1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    """The next writer finds a draft and a copy whose process is gone; other files stay, and so do copies in use."""
    path = tmp_path / ".env.production.local"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / ".env.production.draft.local").write_text("half")
    left = tmp_path / f".env.production.edit-{gone.pid}-abc.local"
    left.mkdir()
    (left / "copy").write_text("secret")
    stays = {tmp_path / name for name in (".env.testing.draft.local", f".env.production.edit-{os.getpid()}-x.local")}
    for each in stays:
        each.write_text("mine")
    write(path, "A=1\n")
    assert set(tmp_path.iterdir()) == {path, *stays}


def test_a_private_copy_is_closed_and_goes(tmp_path: Path) -> None:
    """Nobody else can look into its folder, and afterwards it is gone, with what an editor put beside it."""
    path = tmp_path / ".env.production.local"
    with private_copy(path, b"A=1\n") as copy:
        assert copy.read_text() == "A=1\n"
        assert (mode(copy), mode(copy.parent)) == (0o600, 0o700)
        assert copy.name == path.name
        (copy.parent / "copy~").write_text("backup")
    assert list(tmp_path.iterdir()) == []


def test_drafts_and_copies_are_not_committed(tmp_path: Path) -> None:
    """What a killed process leaves behind has a name that git ignores."""
    ignored = (Path(__file__).parents[4] / ".gitignore").read_text()
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text(ignored)
    for name in (".env", ".env.production.local"):
        (tmp_path / f"{name.removesuffix('.local')}.draft.local").write_text("half")
        with private_copy(tmp_path / name, b"A=1\n"):
            status = ["git", "-C", tmp_path, "status", "--porcelain", "--untracked-files=all"]
            assert subprocess.run(status, check=True, capture_output=True, text=True).stdout == "?? .gitignore\n"
