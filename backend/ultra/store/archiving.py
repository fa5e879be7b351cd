"""Writes the file of a backup: private, whole or not there, and never over another one."""

import base64
import errno
import gzip
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from ultra.domain.errors import Conflict, InvalidRequest
from ultra.store.archive import FORMAT, Manifest, ending
from ultra.system import System

_NO_SECOND_NAMES = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class Writer:
    """Writes the lines of one file; open it with `written`."""

    def __init__(self, file: gzip.GzipFile, manifest: Manifest) -> None:
        self._file = file
        self._sum = hashlib.sha256()
        self._lines = 0
        self._write({"ultra_backup": FORMAT, **asdict(manifest)})

    def begin(self, table: str, columns: Sequence[str]) -> None:
        """Begin a table."""
        self._write({"table": table, "columns": list(columns)})

    def add(self, row: Sequence[Any]) -> None:
        """Write a row of the table that was begun last."""
        self._write([plain(value) for value in row])

    def end(self) -> None:
        """Write the last line."""
        self._file.write(orjson.dumps(ending(self._lines, self._sum.hexdigest())) + b"\n")

    def _write(self, value: Any) -> None:
        line = orjson.dumps(value) + b"\n"
        self._sum.update(line)
        self._lines += 1
        self._file.write(line)


@contextmanager
def written(target: Path, manifest: Manifest, *, system: System) -> Iterator[Writer]:
    """Write the new file `target` with mode 0600: it is there once it is whole, and not before.

    Until then it is a hidden file beside it, which a kill may leave there. Raises `Conflict` when `target` exists and
    `InvalidRequest` where nothing can be written.
    """
    _refuse_existing(target)
    partial = target.with_name(f".{target.name}.{system.token()[:8]}.partial")
    with _reported(target):
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with _reported(target), os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as file:
                writer = Writer(file, manifest)
                yield writer
                writer.end()
            raw.flush()
            os.fsync(raw.fileno())
        with _reported(target):
            _publish(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def plain(value: Any) -> Any:
    """Turn what a database gives into JSON that means the same to the other one."""
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.isoformat(timespec="microseconds")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return value


@contextmanager
def _reported(target: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise _taken(target) from None
    except OSError as error:
        raise InvalidRequest(f"{target} cannot be written: {error.strerror}.") from error


def _refuse_existing(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise _taken(target)


def _taken(target: Path) -> Conflict:
    return Conflict(f"{target} exists already.", hint="Name a new file.")


def _publish(partial: Path, target: Path) -> None:
    """Give the whole file its name, never that of another one; some network drives know no second names."""
    try:
        os.link(partial, target)
    except OSError as error:
        if error.errno not in _NO_SECOND_NAMES:
            raise
        _refuse_existing(target)
        partial.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
