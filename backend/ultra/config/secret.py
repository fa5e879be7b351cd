"""Secrets as references: read when used, read again when their source changes, masked everywhere else."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from ultra.config.declaration import MASK
from ultra.config.envfile import read_env_file

_PASSWORD: Final = re.compile(r"([?&](?:ssl)?password=)[^&#]*", re.IGNORECASE)
"""PostgreSQL takes passwords behind the question mark, too."""


class SecretSource(Protocol):
    """A place that may hold a secret now."""

    def read(self) -> str | None:
        """Return the present value, or None when this place has none."""


class FixedSource:
    """A value given once, on a command line or by a test."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def read(self) -> str | None:
        """Return the value, or None when nothing was given."""
        return self._value


class MappingSource:
    """A name in a live mapping: the process environment."""

    def __init__(self, mapping: Mapping[str, str], name: str) -> None:
        self._mapping, self._name = mapping, name

    def read(self) -> str | None:
        """Return what the mapping holds now."""
        return self._mapping.get(self._name)


class FileSource:
    """A file whose content is the secret, or (with `name`) an env file with a line for it.

    The file is read again when its modification time, size or inode changed, so a mounted secret that is swapped
    under its symlink is seen. While it cannot be read or parsed, the value read last stays in force.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        self._path, self._name = path, name
        self._stamp: tuple[int, int, int] | None = None
        self._value: str | None = None

    def read(self) -> str | None:
        """Return the present value; None when the file, or the line in it, does not exist."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._stamp = self._value = None
            return None
        except OSError:
            return self._value
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if stamp != self._stamp:
            self._refresh(stamp)
        return self._value

    def _refresh(self, stamp: tuple[int, int, int]) -> None:
        if self._name is not None:
            parsed = read_env_file(self._path)
            if parsed.problems:
                return
            line = parsed.lines.get(self._name)
            value = None if line is None else line.raw
        else:
            try:
                value = self._path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                return
        if value is None or value.isprintable():
            self._stamp, self._value = stamp, value


class SecretRef:
    """A secret by reference. `reveal()` is the only way to its value; everything else shows a mask."""

    __slots__ = ("_sources", "name")

    def __init__(self, name: str, sources: Sequence[SecretSource] = ()) -> None:
        self.name = name
        self._sources = tuple(sources)

    def reveal(self) -> str | None:
        """Return the value in force now, from the highest source that has one; None when nobody gives it."""
        for source in self._sources:
            value = source.read()
            if value is not None:
                return value.strip() or None
        return None

    @property
    def is_set(self) -> bool:
        """Whether there is a value now."""
        return self.reveal() is not None

    def __repr__(self) -> str:
        return f"SecretRef({self.name})"

    def __str__(self) -> str:
        return MASK

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Take references only, and write a mask."""
        return core_schema.is_instance_schema(
            cls,
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe a string that is written and never read back."""
        return {"type": "string", "writeOnly": True}


class MaskedUrl:
    """An address that may carry a password; shown without it."""

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    def reveal(self) -> str:
        """Return the whole address."""
        return self._url

    @property
    def has_password(self) -> bool:
        """Whether a password stands in it, or may: an address that makes no sense is taken for one that has."""
        return str(self) != self._url

    @property
    def scheme(self) -> str:
        """The part before the colon, without a driver: `sqlite`, `postgresql`, `redis`."""
        return self._url.partition(":")[0].partition("+")[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MaskedUrl) and other._url == self._url

    def __hash__(self) -> int:
        return hash(self._url)

    def __repr__(self) -> str:
        return f"MaskedUrl({str(self)!r})"

    def __str__(self) -> str:
        try:
            parts = urlsplit(self._url)
            is_open = parts.password is None
        except ValueError:
            return MASK
        url = _PASSWORD.sub(rf"\1{MASK}", self._url)
        if is_open:
            return url
        account, _, place = parts.netloc.rpartition("@")
        return url.replace(parts.netloc, f"{account.partition(':')[0]}:{MASK}@{place}", 1)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Take a string, and write it masked."""
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls(value),
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe an address."""
        return {"type": "string", "format": "uri"}


def mode_problem(path: Path) -> str | None:
    """Return the command that closes `path` to other accounts, or None when it is closed (or modes mean nothing)."""
    if os.name == "nt":
        return None
    return f"chmod 600 {quote(str(path))}" if path.stat().st_mode & 0o077 else None
