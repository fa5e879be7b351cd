"""A raw server on loopback that writes exactly the bytes it is told, and the means to ask it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import aiohttp
import pytest

from ultra.providers import HttpProvider, Timeouts, open_session
from ultra.system import System

Line: TypeAlias = bytes | float | Literal["reset"]

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


class CountingSystem(System):
    """The real clock, a fixed calendar and ids that count."""

    def __init__(self) -> None:
        self._count = 0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)

    def new_id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._count}"


class RawServer:
    """Answers every connection's requests with the next script: bytes are written, floats waited for.

    `"reset"` cuts the connection with a TCP reset. After a script the connection stays open for the client to
    close if `holds`, else it is closed. `requests` has each request's head and body; `left` is set when a client
    has closed a connection that was being answered.
    """

    def __init__(self) -> None:
        self.scripts: list[Sequence[Line]] = []
        self.requests: list[tuple[str, bytes]] = []
        self.connections = 0
        self.holds = False
        self.asked = asyncio.Event()
        self.left = asyncio.Event()
        self.base_url = ""

    def plan(self, *script: Line, holds: bool = False) -> None:
        """Have the next request answered so."""
        self.scripts.append(script)
        self.holds = holds

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        self.connections += 1
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.set()
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next((int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0)
        self.requests.append((head, await reader.readexactly(length)))
        self.asked.set()
        script = self.scripts.pop(0)
        for line in script:
            if isinstance(line, bytes):
                writer.write(line)
                await writer.drain()
            elif line == "reset":
                writer.transport.abort()
                return False
            else:
                await asyncio.sleep(line)
        if self.holds:
            await reader.read(1)
            self.left.set()
            return False
        return bool(script) and isinstance(script[0], bytes) and b"connection: close" not in script[0]


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    """A raw server, closed at the end."""
    raw = RawServer()
    tcp = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
    raw.base_url = f"http://127.0.0.1:{tcp.sockets[0].getsockname()[1]}"
    yield raw
    tcp.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """The client as in production."""
    async with open_session() as opened:
        yield opened


Make: TypeAlias = Callable[..., Any]


@pytest.fixture
def make(session: aiohttp.ClientSession, server: RawServer) -> Make:
    """Make a provider of the class given that asks the raw server."""

    def _make(kind: type[HttpProvider], **more: Any) -> HttpProvider:
        given: dict[str, Any] = {
            "session": session,
            "base_url": server.base_url,
            "key": lambda: "sk-test-0123456789",
            "system": CountingSystem(),
            "timeouts": Timeouts(connect=2.0, first_byte=2.0, idle=2.0, linger=0.1),
            "key_hint": "Set THE_KEY.",
        }
        return kind(**{**given, **more})

    return _make


@asynccontextmanager
async def soon() -> AsyncIterator[None]:
    """Bound what happens inside by a second."""
    async with asyncio.timeout(1.0):
        yield


def events_head(*chunks: str) -> bytes:
    """Return a whole streamed answer of `data:` events."""
    return HEAD + "".join(f"data: {chunk}\n\n" for chunk in chunks).encode()
