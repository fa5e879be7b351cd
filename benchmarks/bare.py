"""The least a Python proxy can do on Ultra's libraries: uvicorn, a plain ASGI function, aiohttp.

    python benchmarks/bare.py '{"short": "http://127.0.0.1:1/v1", ...}'

It parses the JSON, looks the key up in a dict, forwards the body over a pool of connections, reads the usage and
answers. It is the yardstick of Ultra's own cost: no errors translated, no retries, no money, no log.
"""

import json
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import orjson
import uvicorn

KEYS = {b"Bearer bench": "somebody"}
JSON = [(b"content-type", b"application/json")]
EVENTS = [(b"content-type", b"text/event-stream")]

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Bare:
    """The application; `bases` are the upstreams by the part of a model's name before its slash."""

    def __init__(self, bases: dict[str, str]) -> None:
        self._bases = bases
        self._session: aiohttp.ClientSession
        self.tokens = 0

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send
    ) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["method"] == "GET":
            await _whole(send, 200, b"{}")
            return
        body = await _body(receive)
        key = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if key not in KEYS:
            await _whole(send, 401, b"{}")
            return
        asked = orjson.loads(body)
        base, _, asked["model"] = asked["model"].partition("/")
        headers = {"authorization": "Bearer k", "content-type": "application/json"}
        url = f"{self._bases[base]}/chat/completions"
        async with self._session.post(url, data=orjson.dumps(asked), headers=headers) as response:
            if asked.get("stream"):
                await self._stream(response, send)
                return
            answer = await response.read()
        self.tokens += orjson.loads(answer)["usage"]["total_tokens"]
        await _whole(send, response.status, answer)

    async def _stream(self, response: aiohttp.ClientResponse, send: Send) -> None:
        await send({"type": "http.response.start", "status": response.status, "headers": EVENTS})
        async for piece in response.content.iter_any():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _live(self, receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
        await receive()
        connector = aiohttp.TCPConnector(limit=1000)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as self._session:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def _body(receive: Callable[[], Awaitable[dict[str, Any]]]) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


async def _whole(send: Send, status: int, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*JSON, length]})
    await send({"type": "http.response.body", "body": body})


class Announced(uvicorn.Server):
    """Says where it is once it can be reached."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"bare at http://127.0.0.1:{(sockets or [])[0].getsockname()[1]}", flush=True)


def main() -> int:
    config = uvicorn.Config(Bare(json.loads(sys.argv[1])), port=0, lifespan="on", log_level="warning", access_log=False)
    server = Announced(config)
    server.run([config.bind_socket()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
