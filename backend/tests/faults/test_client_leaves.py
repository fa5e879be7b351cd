"""A client that leaves closes its upstream calls within a second: before the first token, mid-stream, not streaming."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from tests.journeys.programs import MODELS, PANEL, Mock, UltraProcess, mock_process, ultra_process, until

WITHIN_S = 3.0
"""The promise is one second; the rest is for a busy machine."""
OPEN = [{"role": "user", "content": "Why is the sky blue?"}]
SINGLES = ["acme/alpha", "openai/gpt-6-astra", "anthropic/claude-fable-5-2", "gemini/gemini-4-argon"]
MOMENTS = {
    "before the head": ("slow-start-600s", True),
    "before the first token": ("silent-600s", True),
    "mid-stream": ("stall-after-3-600s", True),
    "not streaming": ("slow-start-600s", False),
}
"""When the client leaves: what the vendor is made to do, and whether the client asked for a stream."""


class HoldingVendor(threading.Thread):
    """A vendor made of bytes: it lists one model, begins an answer, and then only listens to its socket."""

    BEGIN = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
        b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"held",'
        b'"choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null}]}\n\n'
    )
    MODELS = b'{"object":"list","data":[{"id":"held","object":"model","created":1,"owned_by":"x"}]}'

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}/v1"
        self.asked = threading.Event()
        self.eof_at: float | None = None
        self.start()

    def run(self) -> None:
        """Serve one connection after the other, until the door is shut."""
        while True:
            try:
                connection, _ = self._door.accept()
            except OSError:
                return
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65536)
            if not data:
                return
            head += data
        if head.startswith(b"GET"):
            length = b"content-length: %d\r\n" % len(self.MODELS)
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"connection: close\r\n\r\n" + self.MODELS)
            return
        connection.sendall(self.BEGIN)
        self.asked.set()
        while connection.recv(65536):
            pass
        self.eof_at = time.monotonic()

    def shut(self) -> None:
        """Take no more connections."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()


@pytest.fixture(scope="module")
def vendor() -> Iterator[HoldingVendor]:
    """Open a vendor that never comes to an end."""
    held = HoldingVendor()
    yield held
    held.shut()


@pytest.fixture(scope="module")
def running_mock() -> Iterator[Mock]:
    """Start a mock."""
    with mock_process(models=MODELS) as mock:
        yield mock


@pytest.fixture(scope="module")
def ultra(
    running_mock: Mock, vendor: HoldingVendor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UltraProcess]:
    """Start Ultra beside both."""
    toml = f'[panels]\ndefault = {json.dumps(PANEL)}\n[[providers]]\nname = "raw"\nbase_url = "{vendor.url}"\n'
    with ultra_process(tmp_path_factory.mktemp("ultra"), running_mock, toml=toml) as process:
        yield process


@pytest.fixture
def mock(running_mock: Mock) -> Mock:
    """Return the mock as if nobody had asked it before."""
    running_mock.reset()
    return running_mock


@pytest.fixture
async def http(ultra: UltraProcess, anyio_backend: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a plain HTTP client of Ultra."""
    async with aiohttp.ClientSession(ultra.url, headers={"authorization": f"Bearer {ultra.key}"}) as session:
        yield session


async def patiently(is_so: Any, what: str, patience: float = 20.0) -> None:
    """Wait in a thread, so that this loop goes on."""
    await asyncio.to_thread(until, is_so, patience=patience, what=what)


async def ask_and_leave(http: aiohttp.ClientSession, mock: Mock, body: dict[str, Any], *, calls: int) -> None:
    """Ask, wait until `calls` vendors are at work and words have come if any can, leave, and watch the calls close."""
    heard = asyncio.Event()

    async def listen() -> None:
        async with http.post("/v1/chat/completions", json=body) as response:
            async for data in response.content.iter_any():
                if b'"content":"' in data.replace(b'"content":""', b""):
                    heard.set()

    listening = asyncio.create_task(listen())
    await patiently(lambda: mock.outcomes() == ["open"] * calls, f"{calls} open calls")
    if calls == 1 and any(each["tokens_sent"] for each in mock.requests()):
        await asyncio.wait_for(heard.wait(), 20)
    assert not listening.done()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await patiently(lambda: mock.outcomes() == ["client_left"] * calls, "every call closed", WITHIN_S)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("model", SINGLES)
async def test_a_single_call_is_closed(http, mock, model, moment):
    """One model's call ends with its client, whatever wire it speaks and whenever the client leaves."""
    scenario, stream = MOMENTS[moment]
    provider, name = model.split("/")
    mock.arm(scenario, provider=provider, model=name)
    await ask_and_leave(http, mock, {"model": model, "messages": OPEN, "stream": stream}, calls=1)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_every_call_of_an_ensemble_is_closed(http, ultra, mock, moment):
    """All members' calls end with the client, and the run ends as cancelled."""
    scenario, stream = MOMENTS[moment]
    mock.arm(scenario, provider="acme")
    body = {"model": "ultra/consensus", "messages": OPEN, "stream": stream}
    await ask_and_leave(http, mock, body, calls=len(PANEL))
    await patiently(lambda: latest(ultra)["status"] == "cancelled", "the run cancelled", WITHIN_S)


async def test_the_synthesis_of_an_ensemble_is_closed(http, ultra, mock):
    """A client that leaves while the verdict is being written closes that call too."""
    mock.arm("stall-after-3-600s", provider="acme", model="alpha", times=1)
    mock.arm("normal", provider="acme", model="alpha", times=1)
    body = {"model": "ultra/consensus", "messages": OPEN, "stream": True}
    async with http.post("/v1/chat/completions", json=body) as response:
        async for data in response.content.iter_any():
            if b'"content":"' in data.replace(b'"content":""', b""):
                break
        response.close()
    await patiently(lambda: mock.outcomes("alpha") == ["finished", "client_left"], "the call closed", WITHIN_S)
    await patiently(lambda: latest(ultra)["status"] == "cancelled", "the run cancelled", WITHIN_S)


async def test_the_vendors_socket_sees_the_end(http, vendor):
    """Down on the wire the vendor reads the end of the connection, not merely silence."""
    body = {"model": "raw/held", "messages": OPEN, "stream": True}
    async with http.post("/v1/chat/completions", json=body) as response:
        assert b"Hello" in await response.content.readuntil(b"Hello")
        assert vendor.asked.is_set()
        assert vendor.eof_at is None
        response.close()
        left_at = time.monotonic()
    await patiently(lambda: vendor.eof_at, "the end of the connection", WITHIN_S)
    assert vendor.eof_at - left_at < WITHIN_S


async def test_leaving_while_a_retry_is_waited_for_asks_nobody_again(http, mock):
    """A client that leaves between two attempts is not asked for a second time."""
    mock.arm("rate-limit-ms-1500ms", provider="acme", model="delta")
    with pytest.raises(asyncio.TimeoutError):
        async with (
            asyncio.timeout(0.7),
            http.post("/v1/chat/completions", json={"model": "acme/delta", "messages": OPEN}),
        ):
            pytest.fail("It answered too soon.")
    await asyncio.sleep(1.8)
    assert mock.outcomes("delta") == ["finished"]


async def test_a_client_that_stays_is_not_disturbed(http, mock):
    """While others leave, an answer goes on; what was left behind costs the next caller nothing."""
    mock.arm("stall-after-3-1s", provider="acme", model="beta", times=1)
    staying = asyncio.create_task(answered(http, "acme/beta"))
    await patiently(lambda: mock.outcomes("beta") == ["open"], "an answer under way")
    mock.arm("silent-600s", provider="acme")
    for _ in range(5):
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.05):
                await answered(http, "ultra/consensus")
    assert (await staying)["choices"][0]["finish_reason"] == "stop"
    await patiently(lambda: "open" not in mock.outcomes(), "every call closed")
    mock.disarm()
    assert (await answered(http, "ultra/consensus"))["ultra"]["status"] == "complete"


async def answered(http: aiohttp.ClientSession, model: str) -> Any:
    """Return a whole answer."""
    async with http.post("/v1/chat/completions", json={"model": model, "messages": OPEN}) as response:
        assert response.status == 200, await response.text()
        return await response.json()


def latest(ultra: UltraProcess) -> Any:
    """Return the newest run."""
    return ultra.get("/api/analyses?limit=1")["data"][0]
