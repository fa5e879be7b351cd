"""The file of a backup: gzip over lines of JSON, the same from SQLite and from PostgreSQL.

    first line   what it is: format, revision, environment, when and by which version it was made
    then         for each table one object that names it and its columns, and for each row one array
    last line    how many lines there were, and SHA-256 over all of them

Moments are ISO 8601 in UTC, amounts are decimals as text, bytes are base64. The sum shows damage and cuts, not malice:
whoever can write the file can write the sum. It holds what the database holds, so it is as secret as that.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ultra.domain.errors import InvalidRequest

FORMAT = 1
_BATCH = 500
"""Rows of one table that are handed on together."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of. `revision` is that of the tables; `environment` None: none had claimed the database.

    `audit_head` is the hash of the newest row of the audit: a database that has that row has grown out of this state.
    """

    revision: str
    environment: str | None
    audit_head: str | None
    made_at: str
    made_by: str
    database: str


@dataclass(frozen=True, slots=True)
class Section:
    """Some rows of one table, as plain JSON values in the order of `columns`."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


class Archive:
    """Reads one file, as often as it is asked to. Every method raises `InvalidRequest` for one that is damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def manifest(self) -> Manifest:
        """Return what it says of itself; raises `InvalidRequest` for what is no backup, or a newer kind of one."""
        with self._opened() as lines:
            return self._manifest(next(lines, b""))

    def verify(self) -> dict[str, int]:
        """Read it to its end and return how many rows of each table it holds."""
        counts: dict[str, int] = {}
        for section in self.sections():
            counts[section.table] = counts.get(section.table, 0) + len(section.rows)
        return counts

    def sections(self) -> Iterator[Section]:
        """Yield all rows, some at a time, each table once at least. Damage may show as late as at the end."""
        table, columns, rows = "", (), []
        for value in self._values():
            is_row = isinstance(value, list) and bool(table) and len(value) == len(columns)
            if is_row:
                rows.append(value)
                if len(rows) == _BATCH:
                    yield Section(table, columns, rows)
                    rows = []
                continue
            if not (isinstance(value, dict) and set(value) == {"table", "columns"}):
                raise self._damaged()
            if table:
                yield Section(table, columns, rows)
            table, columns, rows = value["table"], tuple(value["columns"]), []
        if table:
            yield Section(table, columns, rows)

    def _values(self) -> Iterator[Any]:
        """Yield what stands between the first line and the last, which has to be right."""
        with self._opened() as lines:
            first = next(lines, b"")
            self._manifest(first)
            seen, count = hashlib.sha256(first), 1
            for line in lines:
                value = self._parsed(line)
                if isinstance(value, dict) and "sha256" in value:
                    if value != ending(count, seen.hexdigest()) or next(lines, None) is not None:
                        break
                    return
                yield value
                seen.update(line)
                count += 1
            raise self._damaged()

    @contextmanager
    def _opened(self) -> Iterator[Iterator[bytes]]:
        try:
            with gzip.open(self._path, "rb") as file:
                yield iter(file)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise self._damaged() from error
        except OSError as error:
            raise InvalidRequest(f"{self._path} cannot be read: {error.strerror}.") from error

    def _manifest(self, line: bytes) -> Manifest:
        value = self._parsed(line)
        if not isinstance(value, dict) or "ultra_backup" not in value:
            raise self._damaged()
        if value.pop("ultra_backup") != FORMAT:
            raise InvalidRequest(
                f"{self._path} is a kind of backup that this version does not know.",
                code="backup_too_new",
                hint="Restore it with the version that made it, or with a newer one.",
            )
        try:
            return Manifest(**value)
        except TypeError:
            raise self._damaged() from None

    def _parsed(self, line: bytes) -> Any:
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError:
            raise self._damaged() from None

    def _damaged(self) -> InvalidRequest:
        return InvalidRequest(
            f"{self._path} is no backup of Ultra, or damaged, or not whole.",
            code="backup_damaged",
            hint="Nothing of it was used. Take another copy of it, or an earlier backup.",
        )


def ending(lines: int, digest: str) -> dict[str, Any]:
    """Return what the last line says."""
    return {"lines": lines, "sha256": digest}
