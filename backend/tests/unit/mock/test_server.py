"""Tests of the mock as a server: where it listens, what it refuses, how it paces and how it ends."""

import asyncio
import signal
import socket
import ssl

import aiohttp
import pytest

from tests.fakes.system import FakeSystem
from ultra.mock.pace import Pace
from ultra.mock.server import base_path, create_mock, serve
from ultra.readiness.rehearsal.certificates import make_certificates
from ultra.system import System

MODELS = {"openai": ["gpt-5.5"], "groq": ["llama-4"]}


async def test_serves_on_a_free_port_and_lets_it_go():
    """Port 0 is a free one; afterwards nobody listens there."""
    async with serve(create_mock(system=System(), seed="1", models=MODELS)) as url:
        port = int(url.rpartition(":")[2])
        async with aiohttp.ClientSession() as http, http.get(url) as reply:
            assert (await reply.json())["service"] == "mock providers"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_speaks_tls_where_it_is_given_a_certificate(tmp_path):
    """The address says so, and a client that trusts the authority is answered."""
    trusted, held = make_certificates(tmp_path, now=System().now())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(held)
    async with serve(create_mock(system=System(), seed="1", models=MODELS), tls=context) as url:
        assert url.startswith("https://127.0.0.1:")
        trust = ssl.create_default_context(cafile=trusted)
        async with aiohttp.ClientSession() as http, http.get(f"{url}/openai/v1/models", ssl=trust) as reply:
            assert reply.status == 401  # no key was sent, and the answer came


async def test_a_taken_port_is_an_error():
    """Two mocks cannot have one port."""
    app = create_mock(system=System(), seed="1", models=MODELS)
    async with serve(app) as url:
        with pytest.raises(OSError, match="in use"):
            async with serve(app, port=int(url.rpartition(":")[2])):
                pass


async def test_leaves_signals_alone():
    """Starting and stopping installs no signal handler."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    async with serve(create_mock(system=System(), seed="1", models=MODELS)):
        during = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert during == before


async def test_ends_at_once_with_open_streams(raw):
    """An open stream does not hold up the end; its client sees the connection break."""
    app = create_mock(system=System(), seed="1", models=MODELS)
    async with aiohttp.ClientSession() as http:
        async with serve(app) as url:
            body = {"model": "mock-stall", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
            reply = await http.post(
                f"{url}/openai/v1/chat/completions", json=body, headers={"authorization": "Bearer k"}
            )
            await reply.content.readany()
            loop = asyncio.get_running_loop()
            begun = loop.time()
        assert loop.time() - begun < 2
        with pytest.raises(aiohttp.ClientError):
            await reply.read()


async def test_paces_by_the_given_clock():
    """The first token and the following ones take the seconds that the pace says."""
    system = FakeSystem()
    app = create_mock(system=system, seed="1", models=MODELS, pace=Pace(first_token_s=2, tokens_per_s=10))
    body = {"model": "gpt-5.5", "messages": [{"role": "user", "content": "What is 2+2?"}], "stream": True}
    async with serve(app) as url, aiohttp.ClientSession() as http:
        asked = http.post(f"{url}/openai/v1/chat/completions", json=body, headers={"authorization": "Bearer k"})
        async with asked as reply:
            await reply.read()
    assert system.slept[0] == 2
    assert len(system.slept) > 3
    assert set(system.slept[1:]) == {0.1}


def test_models_have_a_pace_of_their_own():
    """Variation makes models faster or slower, each always the same."""
    pace = Pace(first_token_s=1, tokens_per_s=100, variation=0.5)
    speeds = {pace.of(f"model-{index}").tokens_per_s for index in range(20)}
    assert len(speeds) == 20
    assert all(50 <= speed <= 150 for speed in speeds)
    assert pace.of("a") == pace.of("a")


@pytest.mark.parametrize(
    ("vendor", "status"),
    [("openai", 401), ("anthropic", 401), ("gemini", 400)],
)
async def test_refuses_keys(raw, vendor, status):
    """No key, and the key `invalid`, are refused in the vendor's way; both spellings of a good one are taken."""
    asked = raw.request(vendor, stream=False)
    url = asked.pop("url")
    for name in ("authorization", "x-api-key", "x-goog-api-key"):
        asked["headers"].pop(name, None)
    version = dict(asked["headers"])
    async with raw.http.post(url, **asked) as reply:
        assert reply.status == status
    bad = {"authorization": "Bearer invalid", "x-goog-api-key": "invalid"}
    async with raw.http.post(url, **{**asked, "headers": version | bad}) as reply:
        assert reply.status == status
    good = {"authorization": "Bearer k", "x-goog-api-key": "k"}
    async with raw.http.post(url, **{**asked, "headers": version | good}) as reply:
        assert reply.status == 200


@pytest.mark.parametrize("vendor", ["openai", "anthropic", "gemini"])
async def test_refuses_nonsense(raw, vendor):
    """Broken JSON, other JSON, unknown models and scenarios, and unknown paths are problems in the vendor's shape."""
    asked = raw.request(vendor, stream=False)
    for data in (b"{", b"[]", b'{"model": 3}'):
        async with raw.http.post(asked["url"], data=data, headers=asked["headers"]) as reply:
            assert reply.status in (400, 404)
            assert "message" in (await reply.json())["error"]
    for model in ("no-such-model", "mock-nonsense"):
        async with raw.post(vendor, model=model) as reply:
            assert reply.status == 404
            assert "message" in (await reply.json())["error"]
    async with raw.http.get(f"{raw.url}/{vendor}/v1/nothing", headers=asked["headers"]) as reply:
        assert reply.status == 404
        assert "message" in (await reply.json())["error"]


async def test_vendor_headers(raw):
    """Each vendor's request id and limits are there under its own names."""
    async with raw.post("openai") as reply:
        for name in ("x-request-id", "openai-processing-ms", "x-ratelimit-remaining-tokens"):
            assert name in reply.headers
    async with raw.post("anthropic") as reply:
        for name in ("request-id", "anthropic-ratelimit-tokens-reset"):
            assert name in reply.headers
    async with raw.post("gemini", stream=True) as reply:
        assert reply.headers["content-type"] == "text/event-stream"


def test_base_paths():
    """A provider that is no vendor is served under its own name."""
    assert base_path("anthropic") == "/anthropic"
    assert base_path("groq") == "/groq/v1"
