"""Clients that are slow, endless or ambiguous meet an end; sockets and server are real."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import uvicorn
from uvicorn.server import ServerState

from ultra.cli._connections import House, Patience, connection_class
from ultra.gate.headers import server_headers
from ultra.system import System

LIMIT = 1000


class Served:
    """A server whose application notes every path it was asked for."""

    def __init__(self) -> None:
        self.port = 0
        self.paths: list[str] = []
        self.read = 0
        self.connections: set[object] = set()

    async def __call__(self, scope, receive, send) -> None:
        self.paths.append(scope["path"])
        status = 200
        if scope["path"] == "/endless":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(500):
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
                await asyncio.sleep(0)
            return
        if scope["method"] == "POST":
            more = True
            while more and self.read <= LIMIT:
                message = await receive()
                self.read += len(message.get("body", b""))
                more = message.get("more_body", False)
            status = 413 if self.read > LIMIT else 200
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def say(self, *pieces: bytes, pause: float = 0.0, patience: float = 5.0) -> bytes:
        """Send pieces over one connection and return all that came back until its end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(pause)
            async with asyncio.timeout(patience):
                return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def serving(patience: Patience) -> AsyncIterator[Served]:
    """Serve until the block is left."""
    served = Served()
    house = House(headers=server_headers(https_only=True), system=System(), patience=patience)
    config = uvicorn.Config(served, http=connection_class(house), lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    served.connections = state.connections
    state.default_headers = [(b"date", b"today")]
    make = partial(connection_class(house), config=config, server_state=state, app_state={})
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for task in state.tasks:
            task.cancel()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """Serve with more patience for heads than a test has."""
    async with serving(Patience(head_s=20.0, linger_s=0.05)) as found:
        yield found


def statuses(answer: bytes) -> list[int]:
    """Return the status of every answer that came over a connection."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


async def test_a_plain_request_is_answered(served: Served) -> None:
    """What is well-formed is served, and the connection is kept for the next one."""
    answer = await served.say(
        b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    )
    assert statuses(answer) == [200, 200]
    assert served.paths == ["/a", "/b"]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: identity, chunked",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunked\x0b",
        b"Transfer-Encoding: \x0bchunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding : chunked",
        b"Content-Length: 3\r\nContent-Length: 4",
        b"Content-Length: 3, 3",
        b"Content-Length: +3",
        b"Content-Length: 0x3",
        b"Content-Length: -1",
        b"Content-Length: 99999999999999999999999999",
        b"Host: two",
        b"Content-Type: text/plain\r\nContent-Type: application/json",
        b": empty name",
        b"Bad Name: x",
        b"X-Fold: a\r\n b",
        b"X-Nul: a\0b",
        b"X-Cr: a\rb",
        b"X-Lf: a\nY: b",
    ],
)
async def test_a_head_with_two_meanings_ends_the_connection(served: Served, head: bytes) -> None:
    """It is a 400, the connection closes, and what was smuggled behind it is never served."""
    smuggled = b"0\r\n\r\nGET /marker HTTP/1.1\r\nHost: h\r\n\r\n"
    answer = await served.say(b"POST /a HTTP/1.1\r\nHost: h\r\n" + head + b"\r\n\r\n" + smuggled)
    assert statuses(answer) == [400]
    assert served.paths == []


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /a HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /a HTTP/1.1\r\n\r\n",
        b"get /a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /a HTTP/9.9\r\nHost: h\r\n\r\n",
        b"GET http://evil/a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET http://h@evil/a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET http://h:81/a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET HTTP://evil?/a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_request_is_refused(served: Served, request_: bytes) -> None:
    """Chunks before HTTP/1.1, no host, other grammar and other protocols are a 400 with the house's headers."""
    answer = await served.say(request_)
    assert statuses(answer) == [400]
    for name in (
        b"x-content-type-options: nosniff",
        b"strict-transport-security",
        b"application/problem+json",
        b"date",
    ):
        assert name in answer
    assert b"server:" not in answer.lower()
    assert served.paths == []


async def test_a_target_may_name_the_server_that_host_names(served: Served) -> None:
    """As a client writes it that takes Ultra for its proxy; names are compared without case."""
    answer = await served.say(b"GET http://H:80/a HTTP/1.1\r\nHost: h:80\r\nConnection: close\r\n\r\n")
    assert statuses(answer) == [200]
    assert served.paths == ["/a"]


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v1/models", {"error"}),
        ("/v1/messages", {"type", "error", "request_id"}),
        ("/gemini/v1beta/models/x:generateContent", {"error"}),
        ("/api/keys", {"type", "title", "status", "detail", "code", "request_id"}),
    ],
)
@pytest.mark.parametrize("pieces", [1, 3])
async def test_a_head_that_is_not_understood_is_refused_in_its_own_words(
    served: Served, path: str, shape: set[str], pieces: int
) -> None:
    """A vendor's client reads that vendor's errors, whatever was wrong with its request, and however it came."""
    request = f"get {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    if pieces > 1:  # what is wrong comes last, so that the head is read in pieces
        request = f"GET {path} HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n".encode()
    size = -(-len(request) // pieces)
    answer = await served.say(*(request[at : at + size] for at in range(0, len(request), size)), pause=0.05)
    assert statuses(answer) == [400]
    head, _, body = answer.partition(b"\r\n\r\n")
    assert set(json.loads(body)) == shape
    assert (b"application/problem+json" in head) is (path == "/api/keys")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /a HTTP/1.1\r\nHost: h\r\nX-Big: " + b"x" * 65536, 431),
        (b"GET /a HTTP/1.1\r\nHost: h\r\nCookie: " + b"x" * 1_000_000 + b"\r\n\r\n", 431),
        (b"GET /a HTTP/1.1\r\nHost: h\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(1000)) + b"\r\n", 431),
        (b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET /?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
    ],
)
async def test_a_head_that_is_too_large_is_refused(served: Served, request_: bytes, status: int) -> None:
    """Large headers are a 431 and a long address is a 414, before the head is whole."""
    assert statuses(await served.say(request_)) == [status]
    assert served.paths == []
    assert statuses(await served.say(b"GET /after HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")) == [200]


async def test_silence_is_closed() -> None:
    """A connection that never says anything is closed without an answer."""
    async with serving(Patience(head_s=0.1, linger_s=0.05)) as served:
        assert await served.say() == b""


async def test_a_head_in_drops_is_closed() -> None:
    """A head that comes byte by byte is given up as a whole, however lively it drips."""
    async with serving(Patience(head_s=0.15, linger_s=1.0)) as served:
        answer = await served.say(*[bytes([each]) for each in b"GET /a HTT"], pause=0.05)
        assert statuses(answer) == [408]
        assert served.paths == []


async def test_a_second_head_in_drops_is_closed() -> None:
    """The clock runs for every request of a connection."""
    async with serving(Patience(head_s=0.2, linger_s=0.5)) as served:
        answer = await served.say(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n", b"GET /b", b" HT", pause=0.15)
        assert statuses(answer) == [200, 408]
        assert served.paths == ["/a"]


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    """An answer that nobody takes does not stay in memory for ever."""
    async with serving(Patience(head_s=20.0, stalled_s=0.1)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1024)
        writer.write(b"GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")
        async with asyncio.timeout(10):
            while served.connections or not served.paths:  # noqa: ASYNC110 - uvicorn tells nobody of an end
                await asyncio.sleep(0.05)
        writer.transport.abort()
        del reader


async def test_a_large_body_does_not_cost_the_client_its_answer(served: Served) -> None:
    """Who sends more than is read gets the refusal, not a reset; what was not read is not read later."""
    head = b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n"
    answer = await served.say(head, b"x" * 200_000, pause=0.1)
    assert statuses(answer) == [413]
    assert served.read < LIMIT + 300_000


async def test_data_after_close_is_no_request(served: Served) -> None:
    """What follows a request that closes the connection is not served."""
    answer = await served.say(
        b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /marker HTTP/1.1\r\nHost: h\r\n\r\n"
    )
    assert statuses(answer) == [200]
    assert served.paths == ["/a"]


async def test_an_upgrade_is_not_misread(served: Served) -> None:
    """A request for another protocol is answered in this one, and its connection ends."""
    answer = await served.say(
        b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"GET /marker HTTP/1.1\r\nHost: h\r\n\r\n",
    )
    assert statuses(answer) == [200]
    assert served.paths == ["/a"]
