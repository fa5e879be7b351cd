"""Asks again and again over kept connections, and counts: one JSON job a line in, one JSON result a line out.

    python benchmarks/load.py     (started and fed by `run.py`)

A job is {"host", "port", "path", "headers", "body", "stream", "at_a_time", "seconds", "most"}; the target must be
on loopback, and a job ends after its seconds or its number of requests. A result is {"done", "errors", "seconds",
"p50_ms", "p99_ms", "first_p50_ms", "sample"}: `first` is the first byte of an answer's body, `sample` the beginning
of an answer that was none.
"""

import asyncio
import ipaddress
import json
import re
import sys
import time
from typing import Any

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
PATIENCE_S = 20.0
"""How long a job's last answers may take."""


class Tally:
    """What a job has seen so far."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.until = time.perf_counter() + job["seconds"]
        self.left = job["most"]
        self.times: list[float] = []
        self.firsts: list[float] = []
        self.errors = 0
        self.sample = ""

    def may_go_on(self) -> bool:
        """Take one request from what is left."""
        if self.left <= 0 or time.perf_counter() >= self.until:
            return False
        self.left -= 1
        return True


class Asker(asyncio.Protocol):
    """One connection that asks, reads the whole answer, and asks again."""

    def __init__(self, request: bytes, tally: Tally, *, streams: bool) -> None:
        self._request = request
        self._tally = tally
        self._streams = streams
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # a socket's transport writes
        self._ask()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self._fail("the connection was lost")

    def _ask(self) -> None:
        if not self._tally.may_go_on():
            self._end()
            return
        self._heard = bytearray()
        self._body_at = 0
        self._whole: int | None = None
        self._first = 0.0
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        heard = self._heard
        heard += data
        if not self._body_at:
            end = heard.find(b"\r\n\r\n")
            if end < 0:
                return
            self._body_at = end + 4
            length = _LENGTH.search(heard, 0, end)
            self._whole = self._body_at + int(length[1]) if length else None
        if not self._first and len(heard) > self._body_at:
            self._first = time.perf_counter()
        if len(heard) >= self._whole if self._whole is not None else heard.endswith(b"\r\n0\r\n\r\n"):
            self._judge()

    def _judge(self) -> None:
        heard, tally = self._heard, self._tally
        is_whole = b"data: [DONE]" in heard if self._streams else b'"content"' in heard
        if not heard.startswith(b"HTTP/1.1 200") or not is_whole:
            self._fail(heard[:600].decode("utf-8", "replace"))
            return
        tally.times.append(time.perf_counter() - self._began)
        tally.firsts.append(self._first - self._began)
        self._ask()

    def _fail(self, sample: str) -> None:
        self._tally.errors += 1
        self._tally.sample = self._tally.sample or sample
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        self._transport.close()


def _request(job: dict[str, Any]) -> bytes:
    body = job["body"].encode()
    headers = {"host": f"{job['host']}:{job['port']}", **job["headers"], "content-length": str(len(body))}
    lines = [f"POST {job['path']} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


async def work(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job."""
    if not ipaddress.ip_address(job["host"]).is_loopback:
        raise ValueError("Only this machine is asked.")
    tally, request = Tally(job), _request(job)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    askers = [
        (await loop.create_connection(lambda: Asker(request, tally, streams=job["stream"]), job["host"], job["port"]))[
            1
        ]
        for _ in range(job["at_a_time"])
    ]
    await asyncio.wait([asker.ended for asker in askers], timeout=job["seconds"] + PATIENCE_S)
    seconds = time.perf_counter() - began
    tally.errors += sum(not asker.ended.done() for asker in askers)
    return {
        "done": len(tally.times),
        "errors": tally.errors,
        "seconds": seconds,
        "p50_ms": _share(tally.times, 0.5),
        "p99_ms": _share(tally.times, 0.99),
        "first_p50_ms": _share(tally.firsts, 0.5),
        "sample": tally.sample,
    }


def _share(times: list[float], share: float) -> float | None:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)] * 1000 if times else None


def main() -> int:
    import uvloop  # noqa: PLC0415 - `work` runs on any loop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin:
            print(json.dumps(runner.run(work(json.loads(line)))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
