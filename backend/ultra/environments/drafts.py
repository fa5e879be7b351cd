"""Writes a file as a whole or not at all, one writer at a time."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_OWNER: Final = 0o600


@contextmanager
def only_writer(path: Path) -> Iterator[Path]:
    """Be the only process that writes `path` while the block lasts; what it is given is the file behind symlinks.

    What a killed process left behind of its own draft or copy is removed first. Raises `OSError`.
    """
    import fcntl  # noqa: PLC0415 - there is none on Windows, where everything else of this package can be read

    real = _real(path)
    handle = os.open(real.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _sweep(real)
        yield real
    finally:
        os.close(handle)


def replace_file(path: Path, data: bytes, *, is_secret: bool = True) -> None:
    """Write a file as a whole or not at all, and keep its owner; `only_writer` must hold.

    A secret file is readable for its owner alone from its first moment, whatever it was before; another one keeps its
    mode. Raises `OSError`, and then the file is what it was.
    """
    before = path.stat() if path.exists() else None
    draft = _draft(path)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER if is_secret else 0o644)
    try:
        with os.fdopen(handle, "wb") as file:
            if before is not None:
                _keep(handle, before, is_secret=is_secret)
            file.write(data)
            file.flush()
            os.fsync(handle)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _remember(path.parent)


@contextmanager
def private_copy(path: Path, data: bytes) -> Iterator[Path]:
    """Lend a copy of a file in a folder of its own beside it, closed to other accounts; it is gone afterwards.

    A folder, because editors put their own copies beside what they edit. Its name is one that is not committed.
    """
    real = _real(path)
    folder = Path(tempfile.mkdtemp(prefix=f"{_stem(real)}.edit-{os.getpid()}-", suffix=".local", dir=real.parent))
    try:
        copy = folder / path.name
        copy.touch(mode=_OWNER)
        copy.write_bytes(data)
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError:
        raise OSError(0, "Its symbolic links lead in a circle", str(path)) from None


def _stem(path: Path) -> str:
    return path.name.removesuffix(".local")


def _draft(path: Path) -> Path:
    """Name the draft so that `.env.*.local` in .gitignore covers it: a killed process leaves it behind."""
    return path.with_name(f"{_stem(path)}.draft.local")


def _sweep(path: Path) -> None:
    """Remove drafts, and copies whose process lives no more."""
    _draft(path).unlink(missing_ok=True)
    copy = re.compile(re.escape(_stem(path)) + r"\.edit-(\d+)-\w+\.local")
    for each in path.parent.iterdir():
        if (found := copy.fullmatch(each.name)) and not _lives(int(found[1])):
            shutil.rmtree(each, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _keep(handle: int, before: os.stat_result, *, is_secret: bool) -> None:
    """Give the draft the owner, the group and the mode of the file that it replaces."""
    now = os.fstat(handle)
    if now.st_uid != before.st_uid:
        os.fchown(handle, before.st_uid, before.st_gid)
    elif now.st_gid != before.st_gid:
        with suppress(PermissionError):  # a group that this account is not in; a secret file is closed to it anyway
            os.fchown(handle, -1, before.st_gid)
    mode = stat.S_IMODE(before.st_mode)
    os.fchmod(handle, _OWNER if is_secret and mode & 0o077 else mode)


def _remember(folder: Path) -> None:
    """Have the new name of the file on the disk, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
