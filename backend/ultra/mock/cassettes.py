"""Recorded exchanges without secrets: one JSON file each, found again by method, path and normalised body."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from ultra.mock.log import SECRET_HEADERS

REMOVED = "[removed]"

_SECRET_QUERY = frozenset({"key", "api_key", "access_token"})
_SECRET_ANSWER_HEADERS = frozenset({"set-cookie", "openai-organization", "openai-project", "anthropic-organization-id"})
_NAME = re.compile(r"[^a-z0-9]+")


class NoCassette(Exception):
    """Nothing was recorded for such a request."""


class BrokenCassette(Exception):
    """A file in the folder of cassettes is not one."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that came together, `after_s` seconds after the headers."""

    after_s: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Cassette:
    """One exchange. `target` is path and query; nothing in it is a secret once it went through `redacted`."""

    method: str
    target: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    headers: Mapping[str, str]
    chunks: Sequence[Chunk]

    @property
    def key(self) -> str:
        """What finds this exchange again."""
        return key_of(self.method, self.target, self.request_body)

    def redacted(self) -> "Cassette":
        """Return the exchange without keys: in headers, in the query, and wherever their text occurs in a body."""
        secrets = _secrets(self.request_headers, self.target)
        chunks = [Chunk(chunk.after_s, _without(chunk.data, secrets)) for chunk in self.chunks]
        return Cassette(
            method=self.method,
            target=public_target(self.target),
            request_headers=_hide(self.request_headers, SECRET_HEADERS),
            request_body=_without(self.request_body, secrets),
            status=self.status,
            headers=_hide(self.headers, _SECRET_ANSWER_HEADERS),
            chunks=chunks,
        )


class Cassettes:
    """A folder of cassettes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, cassette: Cassette) -> Path:
        """Write an exchange, redacted, in place of an earlier one with the same key; returns the file (mode 0600)."""
        path = self._folder / _file_name(cassette.method, public_target(cassette.target), cassette.key)
        cassette = cassette.redacted()
        self._folder.mkdir(parents=True, exist_ok=True)
        body = asdict(cassette) | {
            "request_body": _to_json(cassette.request_body),
            "chunks": [{"after_s": round(each.after_s, 4), **_to_json(each.data)} for each in cassette.chunks],
        }
        draft = path.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(body, file, ensure_ascii=False, indent=1)
        draft.replace(path)
        return path

    def find(self, method: str, target: str, body: bytes) -> Cassette:
        """Return what was recorded for such a request; raises `NoCassette` or `BrokenCassette`."""
        target = public_target(target)
        path = self._folder / _file_name(method, target, key_of(method, target, body))
        if not path.is_file():
            raise NoCassette(f"No cassette for {method} {target} with this body; looked for {path.name}.")
        return _read(path)


def key_of(method: str, target: str, body: bytes) -> str:
    """Return the hash of method, public target and body; JSON counts by its content, not by order or spaces."""
    try:
        normal = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        normal = body
    return hashlib.sha256(b"\n".join((method.encode(), public_target(target).encode(), normal))).hexdigest()


def public_target(target: str) -> str:
    """Return path and query without secret parameters, the others in alphabetical order."""
    path, _, query = target.partition("?")
    kept = sorted((name, value) for name, value in parse_qsl(query, True) if name.lower() not in _SECRET_QUERY)
    return f"{path}?{urlencode(kept)}" if kept else path


def _read(path: Path) -> Cassette:
    try:
        body = json.loads(path.read_text("utf-8"))
        return Cassette(
            method=body["method"],
            target=body["target"],
            request_headers=body["request_headers"],
            request_body=_from_json(body["request_body"]),
            status=body["status"],
            headers=body["headers"],
            chunks=[Chunk(each["after_s"], _from_json(each)) for each in body["chunks"]],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenCassette(f"{path.name} is not a cassette: {error!r}.") from error


def _file_name(method: str, target: str, key: str) -> str:
    words = _NAME.sub("-", target.partition("?")[0].lower()).strip("-")[-60:]
    return f"{method.lower()}-{words}-{key[:16]}.json"


def _secrets(headers: Mapping[str, str], target: str) -> list[bytes]:
    """Return the key texts of a request, so that they are found where a server echoes them."""
    found = [value.rpartition(" ")[2] for name, value in headers.items() if name.lower() in SECRET_HEADERS]
    found += [value for name, value in parse_qsl(target.partition("?")[2]) if name.lower() in _SECRET_QUERY]
    return [text.encode() for text in found if len(text) >= 6]


def _without(data: bytes, secrets: list[bytes]) -> bytes:
    for secret in secrets:
        data = data.replace(secret, REMOVED.encode())
    return data


def _hide(headers: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name.lower(): REMOVED if name.lower() in names else value for name, value in headers.items()}


def _to_json(data: bytes) -> dict[str, Any]:
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _from_json(stored: Mapping[str, Any]) -> bytes:
    return stored["text"].encode() if "text" in stored else base64.b64decode(stored["base64"])
