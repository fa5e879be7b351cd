"""A fake vendor that costs next to nothing: OpenAI's wire on loopback, every answer prepared beforehand.

    python benchmarks/upstream.py [--delay-ms 100] [--chunks 50]

Three doors, each with a port of its own; the addresses are printed as one line of JSON:

short    a whole answer has 845 bytes; a streamed one carries the same text in four frames, written at once
chunks   a streamed answer has `--chunks` frames, each in a turn of the loop of its own; a whole one is the short one
slow     the short answers, `--delay-ms` after the request; `GET /v1/recorded` tells when each was asked for and given,
         with the mark (`run-17`) that stands in its prompt
"""

import argparse
import asyncio
import json
import re
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

SIZE = 845
SPIN_S = 0.002
"""Timers of a loop tick in milliseconds; the last two are waited out by looking at the clock."""

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_STREAM = re.compile(rb'"stream": *true')
_MARK = re.compile(rb"run-\d+")
_HEAD = {"id": "chatcmpl-1", "created": 1_790_000_000, "model": "m"}
_USAGE = {"prompt_tokens": 230, "completion_tokens": 60, "total_tokens": 290}


def _text(size: int) -> str:
    return ("Canberra is the capital of Australia. " * (size // 38 + 1))[:size]


def _whole_body(text: str) -> bytes:
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return json.dumps({**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE}).encode()


TEXT = _text(SIZE - len(_whole_body("")))


def _frame(delta: dict[str, object], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    body = {**_HEAD, "object": "chat.completion.chunk", "choices": [choice]}
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def frames(texts: list[str]) -> list[bytes]:
    """Return a streamed answer, usage and `[DONE]` in the last frame written."""
    usage = {**_HEAD, "object": "chat.completion.chunk", "choices": [], "usage": _USAGE}
    last = _frame({}, "stop") + b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n"
    first = _frame({"role": "assistant", "content": ""})
    return [first, *(_frame({"content": text}) for text in texts), last]


def _answer(body: bytes, status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(body))
    return head + body


def _chunked(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_STREAM_END = b"0\r\n\r\n"
WHOLE = _answer(_whole_body(TEXT))
SHORT_STREAM = _STREAM_HEAD + b"".join(map(_chunked, frames([TEXT[:300], TEXT[300:]]))) + _STREAM_END
MODELS = _answer(json.dumps({"object": "list", "data": [{"id": "m", "object": "model", "created": 1}]}).encode())


Record = tuple[str, float, float]
"""The mark of a prompt, and when it was asked and answered, in seconds on one clock."""


class Vendor(asyncio.Protocol):
    """One connection; `reply` says how a chat completion is answered, `recorded` keeps what it wants to be kept."""

    def __init__(self, reply: Callable[["Vendor", bytes, bool], None], recorded: list[Record]) -> None:
        self._reply = reply
        self.recorded = recorded
        self._heard = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a socket's transport is one that writes

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while (end := self._heard.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._heard, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._heard) < whole:
                return
            request, self._heard = self._heard[:whole], self._heard[whole:]
            if request.startswith(b"POST"):
                self._reply(self, request, _STREAM.search(request, end) is not None)
            elif request.startswith(b"GET /v1/recorded"):
                self.transport.write(_answer(json.dumps(self.recorded).encode()))
                self.recorded.clear()
            else:
                self.transport.write(MODELS)


def reply_short(vendor: Vendor, _request: bytes, streams: bool) -> None:
    """Answer at once."""
    vendor.transport.write(SHORT_STREAM if streams else WHOLE)


def reply_in_chunks(pieces: list[bytes], vendor: Vendor, _request: bytes, streams: bool) -> None:
    """Write a frame in every turn of the loop."""
    if not streams:
        vendor.transport.write(WHOLE)
        return
    loop = asyncio.get_running_loop()
    left = iter(pieces)

    def write() -> None:
        piece = next(left, None)
        if piece is not None and not vendor.transport.is_closing():
            vendor.transport.write(piece)
            loop.call_soon(write)

    write()


def reply_slowly(delay_s: float, vendor: Vendor, request: bytes, streams: bool) -> None:
    """Answer when exactly `delay_s` has passed."""
    asked = time.perf_counter()
    mark = _MARK.search(request)

    def write() -> None:
        while time.perf_counter() < asked + delay_s:
            pass
        if not vendor.transport.is_closing():
            vendor.transport.write(SHORT_STREAM if streams else WHOLE)
            if mark is not None:
                vendor.recorded.append((mark[0].decode(), asked, time.perf_counter()))

    asyncio.get_running_loop().call_later(max(0.0, delay_s - SPIN_S), write)


async def serve(delay_s: float, chunks: int) -> None:
    """Serve until told to stop."""
    loop = asyncio.get_running_loop()
    bodies = [_chunked(frame) for frame in frames([f" token{number:03}" for number in range(chunks)])]
    pieces = [_STREAM_HEAD + bodies[0], *bodies[1:-1], bodies[-1] + _STREAM_END]
    doors = {
        "short": reply_short,
        "chunks": partial(reply_in_chunks, pieces),
        "slow": partial(reply_slowly, delay_s),
    }
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    recorded: list[Record] = []
    servers = {
        name: await loop.create_server(partial(Vendor, reply, recorded), "127.0.0.1", 0)
        for name, reply in doors.items()
    }
    ports = {name: server.sockets[0].getsockname()[1] for name, server in servers.items()}
    print(json.dumps({name: f"http://127.0.0.1:{port}/v1" for name, port in ports.items()}), flush=True)
    await stop.wait()
    for server in servers.values():
        server.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--delay-ms", type=float, default=100.0)
    parser.add_argument("--chunks", type=int, default=50)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(serve(given.delay_ms / 1000, given.chunks))
    return 0


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop  # noqa: PLC0415 - the other programs import this one for its answers only

    return uvloop.new_event_loop()


if __name__ == "__main__":
    sys.exit(main())
