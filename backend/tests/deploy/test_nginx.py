"""The nginx sample, run by a real nginx before a real Ultra."""

import asyncio
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.deploy.certificates import certify
from tests.journeys.programs import Mock, UltraProcess, ultra_process, until
from tests.system_programs import program
from tests.twins.valkeys import free_port

_SAMPLE = Path(__file__).parents[3] / "deploy" / "nginx" / "ultra.conf"
_SETTINGS = {"ULTRA_PUBLIC_ORIGIN": "https://ultra.example", "ULTRA_TRUSTED_PROXIES": "127.0.0.1/32"}
_QUESTION = {"model": "acme/alpha", "stream": True, "messages": [{"role": "user", "content": "Say many words."}]}


@dataclass(frozen=True)
class Proxy:
    """A running nginx: its ports, its certificate, and how to have it read its configuration again."""

    http: int
    https: int
    certificate: Path
    folder: Path
    pid: int


def _configured(folder: Path, instances: Sequence[str], http: int, https: int) -> Path:
    """Return the sample with the addresses of this machine in it, and nothing else changed."""
    certificate, key = certify(folder, "ultra.example")
    text = _SAMPLE.read_text()
    servers = "\n".join(f"    server {each} max_fails=1 fail_timeout=2s;" for each in instances)
    for pattern, value in (
        (r"    server 127\.0\.0\.1:8080 .*;", servers),
        (r"listen 80;", f"listen 127.0.0.1:{http};"),
        (r"listen 443 ", f"listen 127.0.0.1:{https} "),
        (r"/etc/ssl/ultra/fullchain\.pem", str(certificate)),
        (r"/etc/ssl/ultra/privkey\.pem", str(key)),
    ):
        text, count = re.subn(pattern, value, text)
        assert count == 1, pattern
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    whole.write_text(
        f"worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log notice;"
        f"events {{}} http {{ access_log off; {temporary}\n{text}\n}}"
    )
    return whole


@contextmanager
def proxied(folder: Path, *instances: UltraProcess) -> Iterator[Proxy]:
    """Run nginx before these instances."""
    folder.mkdir()
    http, https = free_port(), free_port()
    configuration = _configured(folder, [each.url.removeprefix("http://") for each in instances], http, https)
    command = [program("nginx"), "-p", str(folder), "-c", str(configuration), "-g", "daemon off; user root;"]
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(command, stderr=errors)
    try:
        until((folder / "nginx.pid").exists, patience=30, what=(folder / "stderr").read_text())
        yield Proxy(http, https, folder / "certificate.pem", folder, process.pid)
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def ultra(running_mock: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Start an Ultra that is known to browsers by nginx's name."""
    with ultra_process(tmp_path_factory.mktemp("behind"), running_mock, settings=_SETTINGS) as served:
        yield served


@pytest.fixture(scope="module")
def proxy(ultra: UltraProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Start nginx before it."""
    with proxied(tmp_path_factory.mktemp("nginx") / "run", ultra) as running:
        yield running


@pytest.fixture
async def outside(proxy: Proxy, ultra: UltraProcess) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client that knows only the name ultra.example, and trusts its certificate."""
    async with _client(proxy, ultra.key) as session:
        yield session


class _Loopback(aiohttp.abc.AbstractResolver):
    """Finds every name on this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[aiohttp.abc.ResolveResult]:
        """Return 127.0.0.1."""
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Hold nothing."""


def _client(proxy: Proxy, key: str) -> aiohttp.ClientSession:
    trusting = ssl.create_default_context(cafile=str(proxy.certificate))
    return aiohttp.ClientSession(
        f"https://ultra.example:{proxy.https}",
        # A connection each: one that nginx closes while it reloads is not one that a request was lost on.
        connector=aiohttp.TCPConnector(resolver=_Loopback(), ssl=trusting, force_close=True),
        headers={"authorization": f"Bearer {key}", "host": "ultra.example"},
        timeout=aiohttp.ClientTimeout(total=60),
    )


def _address_of(ultra: UltraProcess, request_id: str) -> str:
    line = until(
        lambda: next((each for each in ultra.log().splitlines() if request_id in each), None),
        patience=10,
        what=f"a line about {request_id}",
    )
    return re.search(r"address=(\S+)", line)[1]


async def test_chunks_come_as_they_are_written(outside: aiohttp.ClientSession, running_mock: Mock) -> None:
    """While the model is silent in the middle of its answer, what it has said is there already."""
    running_mock.arm("stall-after-3-2s", provider="acme", model="alpha", times=1)
    began = time.monotonic()
    async with outside.post("/v1/chat/completions", json=_QUESTION) as reply:
        assert reply.status == 200
        await reply.content.readany()
        first = time.monotonic() - began
        rest = await reply.content.read()
        whole = time.monotonic() - began
    assert b"[DONE]" in rest
    assert whole >= 2
    assert first < whole - 1


def test_a_client_that_leaves_closes_the_call_to_the_model(
    proxy: Proxy, ultra: UltraProcess, running_mock: Mock
) -> None:
    """Nginx passes its leaving on."""
    running_mock.reset()
    running_mock.arm("silent", provider="acme", model="alpha", times=1)
    trusting = ssl.create_default_context(cafile=str(proxy.certificate))
    body = json.dumps(_QUESTION)
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: ultra.example\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {ultra.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with (
        socket.create_connection(("127.0.0.1", proxy.https)) as bare,
        trusting.wrap_socket(bare, server_hostname="ultra.example") as line,
    ):
        line.sendall((head + body).encode())
        until(lambda: running_mock.outcomes("alpha") == ["open"], patience=30, what="a question to the model")
    until(lambda: running_mock.outcomes("alpha") == ["client_left"], patience=10, what="the end of the question")


async def test_nobody_chooses_their_address(outside: aiohttp.ClientSession, ultra: UltraProcess) -> None:
    """What a client says of itself is replaced by where it really came from."""
    claims = {
        "X-Forwarded-For": "203.0.113.7, 198.51.100.9",
        "Forwarded": "for=203.0.113.7",
        "X-Real-IP": "203.0.113.7",
    }
    async with outside.get("/v1/models", headers=claims) as reply:
        assert reply.status == 200
    assert _address_of(ultra, reply.headers["x-request-id"]) == "127.0.0.1"


async def test_plain_http_is_sent_to_https(proxy: Proxy, outside: aiohttp.ClientSession) -> None:
    """With method and body kept, and to the name, not to whatever the request says."""
    async with outside.get(f"http://ultra.example:{proxy.http}/v1/models?x=1", allow_redirects=False) as reply:
        assert reply.status == 308
        assert reply.headers["location"] == "https://ultra.example/v1/models?x=1"


async def test_the_numbers_stay_inside(outside: aiohttp.ClientSession) -> None:
    """Prometheus reads them from the network inside."""
    async with outside.get("/metrics") as reply:
        assert reply.status == 404


async def test_an_instance_can_be_restarted_without_a_lost_request(running_mock: Mock, tmp_path: Path) -> None:
    """Of two instances over one store, one is taken out and leaves, as the how-to says: every request is answered."""
    shared = {**_SETTINGS, "DATABASE_URL": f"sqlite:///{tmp_path}/shared.db"}
    statuses: list[int] = []
    with (
        ultra_process(tmp_path / "one", running_mock, settings=shared) as one,
        ultra_process(tmp_path / "two", running_mock, settings=shared) as two,
        proxied(tmp_path / "nginx", one, two) as proxy,
    ):
        async with _client(proxy, one.key) as session:
            done = asyncio.Event()
            asking = [asyncio.create_task(_ask_until(done, session, statuses)) for _ in range(4)]
            await asyncio.sleep(0.5)
            await asyncio.to_thread(_take_out, proxy, one)
            await asyncio.to_thread(one.stop)
            before = len(statuses)
            await asyncio.sleep(1.0)
            done.set()
            await asyncio.gather(*asking)
    assert before
    assert len(statuses) > before
    assert set(statuses) == {200}


def _take_out(proxy: Proxy, instance: UltraProcess) -> None:
    """Mark an instance as down and have nginx read its configuration again."""
    configuration, log = proxy.folder / "nginx.conf", proxy.folder / "error.log"
    address = instance.url.removeprefix("http://")
    configuration.write_text(configuration.read_text().replace(f"server {address} ", f"server {address} down "))
    os.kill(proxy.pid, signal.SIGHUP)
    until(lambda: "exited with code 0" in log.read_text(), patience=30, what="the end of those who knew the old one")


async def _ask_until(done: asyncio.Event, session: aiohttp.ClientSession, statuses: list[int]) -> None:
    while not done.is_set():
        async with session.post("/v1/chat/completions", json=_QUESTION) as reply:
            body = await reply.read()
            statuses.append(reply.status if b"[DONE]" in body else 0)
