"""Record and replay: a proxy that keeps what a real provider answered, and a server that answers the same again."""

from collections.abc import AsyncIterator, Mapping

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ultra.mock.cassettes import BrokenCassette, Cassette, Cassettes, Chunk, NoCassette
from ultra.mock.transport import connection_of
from ultra.system import System

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length", "expect",
     "proxy-connection", "content-encoding", "accept-encoding"}
)  # fmt: skip


def create_recorder(
    *, base_url: str, cassettes: Cassettes, session: aiohttp.ClientSession, system: System
) -> Starlette:
    """Return a proxy to `base_url` (with its path, without a trailing slash) that saves every finished exchange.

    Answers are passed on as they come. An exchange that breaks off on either side is not saved; when the provider
    cannot be reached the answer is 502.
    """
    proxy = _Proxy(base_url.rstrip("/"), cassettes, session, system)
    return Starlette(routes=[Route("/{rest:path}", proxy.answer, methods=_METHODS)])


def create_replayer(*, cassettes: Cassettes, system: System, in_time: bool = False) -> Starlette:
    """Return a server that answers from cassettes; `in_time` keeps the pauses. A miss is a 404 that says so."""

    async def answer(request: Request) -> Response:
        try:
            found = cassettes.find(request.method, _target(request), await request.body())
        except NoCassette as miss:
            return _problem(404, str(miss), "no_cassette")
        except BrokenCassette as broken:
            return _problem(500, str(broken), "broken_cassette")
        return StreamingResponse(_play(found, system, in_time=in_time), found.status, _plain(found.headers))

    return Starlette(routes=[Route("/{rest:path}", answer, methods=_METHODS)])


class _Proxy:
    def __init__(self, base_url: str, cassettes: Cassettes, session: aiohttp.ClientSession, system: System) -> None:
        self._base_url = base_url
        self._cassettes = cassettes
        self._session = session
        self._system = system

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        headers = _plain(request.headers)
        target = _target(request)
        try:
            upstream = await self._session.request(
                request.method,
                self._base_url + target,
                data=body or None,
                headers={**headers, "accept-encoding": "identity"},
                allow_redirects=False,
            )
        except aiohttp.ClientError as error:
            return _problem(502, f"The recorded provider was not reached: {type(error).__name__}.", "not_reached")
        answered = _plain(upstream.headers)
        copy = self._copy(upstream, request, target, headers, body)
        return StreamingResponse(copy, upstream.status, answered)

    async def _copy(
        self, upstream: aiohttp.ClientResponse, request: Request, target: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncIterator[bytes]:
        """Pass the body on and keep it; what ends early is let go without saving."""
        chunks: list[Chunk] = []
        begun = self._system.monotonic()
        try:
            async with upstream:
                async for data in upstream.content.iter_any():
                    chunks.append(Chunk(self._system.monotonic() - begun, data))
                    yield data
        except aiohttp.ClientError:
            connection_of(request.scope).reset()
            return
        self._cassettes.save(
            Cassette(
                method=request.method,
                target=target,
                request_headers=headers,
                request_body=body,
                status=upstream.status,
                headers=_plain(upstream.headers),
                chunks=chunks,
            )
        )


async def _play(cassette: Cassette, system: System, *, in_time: bool) -> AsyncIterator[bytes]:
    said = 0.0
    for chunk in cassette.chunks:
        if in_time and chunk.after_s > said:
            await system.sleep(chunk.after_s - said)
            said = chunk.after_s
        yield chunk.data


def _plain(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that belong to the message, not to one connection."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in _HOP}


def _target(request: Request) -> str:
    """Return path and query exactly as they came: `%2F` in a model's name stays what it is."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path.decode("ascii") + (f"?{query.decode('ascii')}" if query else "")


def _problem(status: int, message: str, code: str) -> Response:
    error = {"message": message, "type": "mock_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status_code=status)
