"""Files that outlive their process."""

import errno
import os
import stat
from pathlib import Path

import pytest

from ultra.domain.errors import Unavailable
from ultra.store.spool import Spool, left_behind
from ultra.system import System


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Name a folder that is not there yet."""
    return tmp_path / "var" / "spool"


def spool(folder: Path) -> Spool:
    """Open one."""
    return Spool(folder, system=System())


def left(folder: Path) -> dict[str, list[bytes]]:
    """Return what the dead left."""
    with left_behind(folder) as found:
        return {each.name: list(each.lines()) for each in found}


def dies(opened: Spool) -> None:
    """Lose the files as a killed process does."""
    for file in (*opened._files, opened._lock):
        os.close(file)


def test_a_line_is_in_the_file_at_once(folder: Path) -> None:
    """Nobody else can read it, and nobody takes it up while its process lives."""
    opened = spool(folder)
    opened.put(b"one\n")
    assert [path.read_bytes() for path in folder.glob("*.0")] == [b"one\n"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert left(folder) == {}
    dies(opened)
    assert left(folder) == {opened.name: [b"one\n"]}


def test_two_files_take_turns(folder: Path) -> None:
    """What rests is forgotten without touching what was written since; nothing turns before it is forgotten."""
    opened = spool(folder)
    opened.put(b"one\n")
    opened.turn()
    opened.put(b"two\n")
    opened.turn()
    opened.put(b"three\n")
    assert list(opened.resting()) == [b"one\n"]
    opened.forget()
    opened.turn()
    assert list(opened.resting()) == [b"two\n", b"three\n"]
    opened.put(b"four\n")
    dies(opened)
    assert sorted(left(folder)[opened.name]) == [b"four\n", b"three\n", b"two\n"]


def test_an_empty_spool_leaves_nothing(folder: Path) -> None:
    """When everything was forgotten, closing takes the files away; otherwise they wait."""
    first, second = spool(folder), spool(folder)
    second.put(b"one\n")
    first.close()
    second.close()
    assert {path.name.split(".")[0] for path in folder.iterdir()} == {second.name}
    with left_behind(folder) as found:
        (remains,) = found
        assert list(remains.lines()) == [b"one\n"]
        remains.remove()
    assert list(folder.iterdir()) == []


def test_remains_are_taken_up_by_one(folder: Path) -> None:
    """While somebody does, others do not see them."""
    opened = spool(folder)
    opened.put(b"one\n")
    dies(opened)
    with left_behind(folder) as found:
        assert len(found) == 1
        assert left(folder) == {}
    assert list(left(folder)) == [opened.name]


def test_a_cut_line_is_no_line(folder: Path) -> None:
    """What the machine's end left of the last one is not read."""
    opened = spool(folder)
    opened.put(b"one\n")
    os.write(opened._files[0], b'{"id": "tw')
    dies(opened)
    assert left(folder) == {opened.name: [b"one\n"]}


def test_a_full_disk_is_said_once_and_stops_nobody(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a line is taken back; once there is room again, lines are whole."""
    opened = spool(folder)
    opened.put(b"one\n")
    write = os.write
    monkeypatch.setattr("os.write", lambda file, line: write(file, line[:2]))
    opened.put(b"two\n")

    def full(_file: int, _line: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr("os.write", full)
    opened.put(b"three\n")
    monkeypatch.undo()
    opened.put(b"four\n")
    assert len(caplog.records) == 1
    dies(opened)
    assert left(folder)[opened.name] == [b"one\n", b"four\n"]


def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    """The hint names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as refused:
        spool(tmp_path / "file" / "spool")
    assert str(tmp_path / "file" / "spool") in str(refused.value.hint)


def test_nothing_is_left_where_nobody_was(folder: Path) -> None:
    """A folder that is not there holds no remains."""
    assert left(folder) == {}
