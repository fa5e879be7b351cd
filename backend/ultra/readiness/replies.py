"""What came back: a reply, what can be expected of it, and the events of a stream."""

import json as codec
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ultra.readiness.step import Unmet

_INSIDE = ("Traceback", "sqlalchemy", "psycopg", "site-packages", '.py"', "SELECT ")
"""Signs that an error tells about the program instead of about the request."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole reply; `asked` is the method and path it answers."""

    asked: str
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key.lower() == name]

    def get(self, name: str) -> str | None:
        """Return the first value of a header, None when it is not there."""
        return next(iter(self.all(name)), None)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The body as JSON; raises `Unmet` when it is none."""
        try:
            return codec.loads(self.body)
        except ValueError:
            raise Unmet(f"{self.asked} answered {self.status} without JSON.") from None

    def expect(self, *statuses: int) -> "Reply":
        """Return itself if its status is one of these; raises `Unmet` with the beginning of what it said instead."""
        if self.status not in statuses:
            wanted = " or ".join(map(str, statuses))
            raise Unmet(f"{self.asked} answered {self.status} instead of {wanted}: {self._excerpt()}")
        return self

    def refused(self, *statuses: int, code: str | None = None) -> "Reply":
        """Return itself if it is one of these refusals, in a shape that programs understand and that tells no more."""
        self.expect(*statuses)
        for sign in _INSIDE:
            if sign in self.text:
                raise Unmet(f"The refusal of {self.asked} shows internals ({sign}).")
        media = (self.get("content-type") or "").partition(";")[0]
        problem = self.json
        if media == "application/problem+json":
            if (problem.get("status"), problem.get("request_id")) != (self.status, self.get("x-request-id")):
                raise Unmet(f"The problem of {self.asked} names another status or request than the reply.")
        elif "error" not in problem:
            raise Unmet(f"The refusal of {self.asked} is neither a problem document nor a vendor's error.")
        if code is not None and code not in (problem.get("code"), (problem.get("error") or {}).get("code")):
            raise Unmet(f"The refusal of {self.asked} has not the code {code}: {self._excerpt()}")
        return self

    def _excerpt(self) -> str:
        """Return what it says in words, where it has any."""
        try:
            said = codec.loads(self.body)
            words = said.get("detail") or said["error"]["message"]
        except (ValueError, KeyError, TypeError, AttributeError):
            words = self.text
        return " ".join(str(words).split())[:200] or "(nothing)"


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; `id` and `name` are empty where none was given."""

    data: str
    name: str = ""
    id: str = ""

    @property
    def json(self) -> Any:
        """The data as JSON; raises `Unmet` when it is none."""
        try:
            return codec.loads(self.data)
        except ValueError:
            raise Unmet(f"An event is no JSON: {self.data[:100]!r}") from None


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Read server-sent events from the pieces of a body as they come; comments are left out."""
    rest = b""
    async for piece in pieces:
        rest += piece
        *whole, rest = rest.split(b"\n\n")
        for block in whole:
            for event in _events(block.decode("utf-8", "replace")):
                yield event


def read_events(body: bytes) -> list[Event]:
    """Return the events of a body that has ended."""
    return [event for block in body.decode("utf-8", "replace").split("\n\n") for event in _events(block)]


def _events(block: str) -> Iterator[Event]:
    fields: dict[str, list[str]] = {}
    for line in block.splitlines():
        name, colon, value = line.partition(":")
        if name and colon:
            fields.setdefault(name, []).append(value.removeprefix(" "))
    if "data" in fields:
        yield Event("\n".join(fields["data"]), name="".join(fields.get("event", ())), id="".join(fields.get("id", ())))
