"""A vendor made of bytes: a loopback server that writes exactly what it is told, and remembers what it was sent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from ultra.system import System

Line: TypeAlias = bytes | float | Literal["reset"]

SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
"""The head of a streamed answer that ends with its connection."""

CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
"""The head of a streamed answer on a connection that can be used again."""


def chunk(data: bytes) -> bytes:
    """Return data as one HTTP chunk; the empty one ends the body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def answer(status: int, body: bytes, *headers: str, content_type: str = "application/json") -> bytes:
    """Return a whole HTTP answer that closes its connection."""
    lines = [f"HTTP/1.1 {status} Said", f"content-type: {content_type}", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "connection: close", "", ""]).encode() + body


class StillSystem(System):
    """The real stopwatch with a calendar that stands still and ids that count."""

    def __init__(self) -> None:
        self._count = 0

    def now(self) -> datetime:
        """Return noon of one day."""
        return datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)

    def new_id(self, prefix: str) -> str:
        """Return the next number."""
        self._count += 1
        return f"{prefix}_{self._count}"


class RawServer:
    """Answers each request with the next script: bytes are written, floats waited for, `"reset"` cuts by TCP reset.

    `requests` has head and body of each request, `connections` counts sockets, `asked` is set by a request, `left`
    when a client has closed its connection while it was being answered.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self.connections = 0
        self.asked = asyncio.Event()
        self.left = asyncio.Event()
        self.base_url = ""
        self._scripts: list[tuple[Sequence[Line], bool]] = []

    def plan(self, *script: Line, holds: bool = False) -> None:
        """Have the next request answered so; `holds` leaves the connection open until the client closes it."""
        self._scripts.append((script, holds))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one connection."""
        self.connections += 1
        try:
            while await self._answer_one(reader, writer):
                pass
        except ConnectionError:
            self.left.set()
        except asyncio.IncompleteReadError:
            pass  # an idle connection was closed, as is its client's right
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next((int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0)
        self.requests.append((head, await reader.readexactly(length)))
        self.asked.set()
        script, holds = self._scripts.pop(0)
        for line in script:
            if isinstance(line, bytes):
                writer.write(line)
                await writer.drain()
            elif line == "reset":
                writer.transport.abort()
                return False
            else:
                await asyncio.sleep(line)
        if holds:
            await reader.read(1)
            self.left.set()
            return False
        return bool(script) and script[0] == CHUNKED


@asynccontextmanager
async def raw_server() -> AsyncIterator[RawServer]:
    """Open a server on a free port of loopback; every connection ends with it."""
    raw = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    def _begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(raw.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(_begin, "127.0.0.1", 0)
    raw.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield raw
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
