"""Server-sent events as they come off the socket, read by rules of the tests' own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson


@dataclass(frozen=True, slots=True)
class Frame:
    """One event as it stood on the wire; `raw` includes the blank line at its end."""

    raw: bytes

    def field(self, name: str) -> str | None:
        """Return the value of a field, which may occur once; None when it is not there."""
        found = [line[len(name) + 2 :] for line in self.lines if line.startswith(f"{name}: ")]
        assert len(found) <= 1, self.raw
        return found[0] if found else None

    @property
    def lines(self) -> list[str]:
        return self.raw.decode().split("\n")[:-2]

    @property
    def id(self) -> int | None:
        value = self.field("id")
        return None if value is None else int(value)

    @property
    def event(self) -> str | None:
        return self.field("event")

    @property
    def json(self) -> Any:
        return orjson.loads(self.field("data") or "")

    @property
    def is_comment(self) -> bool:
        return self.raw.startswith(b":")


async def frames(response: aiohttp.ClientResponse) -> AsyncIterator[Frame]:
    """Yield every event of a streamed response; nothing may be left over after the last blank line."""
    rest = b""
    async for data in response.content.iter_any():
        rest += data
        while (end := rest.find(b"\n\n")) >= 0:
            yield Frame(rest[: end + 2])
            rest = rest[end + 2 :]
    assert rest == b"", f"The stream ends inside an event: {rest!r}"


async def events(response: aiohttp.ClientResponse) -> list[Frame]:
    """Return all events of a journal's stream, heartbeats left out."""
    assert response.status == 200, await response.text()
    assert response.content_type == "text/event-stream"
    return [frame async for frame in frames(response) if not frame.is_comment]
