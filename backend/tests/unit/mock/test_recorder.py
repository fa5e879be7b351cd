"""Tests of recording a provider (the mock stands in for it) and replaying it to an official client."""

import aiohttp
import openai

from tests.fakes.system import FakeSystem
from ultra.mock.cassettes import Cassettes
from ultra.mock.recorder import create_recorder, create_replayer
from ultra.mock.server import serve
from ultra.system import System

KEY = "sk-secret-for-recording"
ASK = {"model": "gpt-5.5", "messages": [{"role": "user", "content": "What is 17 * 23?"}]}


async def use(url):
    """Ask once whole and once streamed, with an official client; returns both texts."""
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0) as client:
        whole = await client.chat.completions.create(**ASK)
        async with client.chat.completions.stream(**ASK) as stream:
            streamed = await stream.get_final_completion()
    return whole.choices[0].message.content, streamed.choices[0].message.content


async def test_replays_what_was_recorded(raw, tmp_path):
    """What a client got through the recorder it gets again from the cassettes, without the provider."""
    cassettes = Cassettes(tmp_path)
    recorder = create_recorder(base_url=f"{raw.url}/openai", cassettes=cassettes, session=raw.http, system=System())
    async with serve(recorder) as url:
        recorded = await use(url)
    calls = (await raw.control("requests"))["counts"]
    async with serve(create_replayer(cassettes=cassettes, system=System())) as url:
        replayed = await use(url)
    assert recorded == replayed
    assert "391" in recorded[0]
    assert (await raw.control("requests"))["counts"] == calls == {"openai/gpt-5.5": 2}
    files = [path.read_text() for path in tmp_path.iterdir()]
    assert len(files) == 2
    assert not any(KEY in text for text in files)


async def test_records_errors_too(raw, tmp_path):
    """A refusal is passed on and recorded like any answer."""
    cassettes = Cassettes(tmp_path)
    recorder = create_recorder(base_url=f"{raw.url}/openai", cassettes=cassettes, session=raw.http, system=System())
    body = {**ASK, "model": "mock-rate-limit"}
    for app in (recorder, create_replayer(cassettes=cassettes, system=System())):
        async with serve(app) as url, raw.http.post(f"{url}/v1/chat/completions", json=body, headers=bearer()) as reply:
            assert reply.status == 429
            assert reply.headers["retry-after"] == "2"
            assert (await reply.json())["error"]["code"] == "rate_limit_exceeded"


def bearer():
    """Return the header with the key."""
    return {"authorization": f"Bearer {KEY}"}


async def test_misses_are_clear(raw, tmp_path):
    """A request that was never recorded is a 404 that says so."""
    async with (
        serve(create_replayer(cassettes=Cassettes(tmp_path), system=System())) as url,
        raw.http.post(f"{url}/v1/chat/completions", json=ASK) as reply,
    ):
        assert reply.status == 404
        assert "No cassette for POST /v1/chat/completions" in (await reply.json())["error"]["message"]


async def test_keeps_time_when_asked(raw, tmp_path):
    """Replaying in time waits as long as the provider did between chunks."""
    cassettes = Cassettes(tmp_path)
    recorder = create_recorder(base_url=f"{raw.url}/openai", cassettes=cassettes, session=raw.http, system=System())
    body = {**ASK, "model": "mock-stall-after-2-30ms", "stream": True}
    async with (
        serve(recorder) as url,
        raw.http.post(f"{url}/v1/chat/completions", json=body, headers=bearer()) as reply,
    ):
        await reply.read()
    system = FakeSystem()
    replayer = create_replayer(cassettes=cassettes, system=system, in_time=True)
    async with serve(replayer) as url, raw.http.post(f"{url}/v1/chat/completions", json=body) as reply:
        await reply.read()
    assert sum(system.slept) >= 0.02


async def test_saves_nothing_that_broke_off(raw, tmp_path):
    """An answer that the provider cut is cut for the client too, and not kept."""
    recorder = create_recorder(
        base_url=f"{raw.url}/openai", cassettes=Cassettes(tmp_path), session=raw.http, system=System()
    )
    body = {**ASK, "model": "mock-close-mid-event", "stream": True}
    async with serve(recorder) as url:
        broke = False
        try:
            async with raw.http.post(f"{url}/v1/chat/completions", json=body, headers=bearer()) as reply:
                await reply.read()
        except aiohttp.ClientError:
            broke = True
    assert broke
    assert list(tmp_path.iterdir()) == []


async def test_an_unreachable_provider_is_502(raw, tmp_path):
    """Nobody listens where the provider should be."""
    recorder = create_recorder(
        base_url="http://127.0.0.1:9", cassettes=Cassettes(tmp_path), session=raw.http, system=System()
    )
    async with serve(recorder) as url, raw.http.get(f"{url}/v1/models") as reply:
        assert reply.status == 502
        assert (await reply.json())["error"]["code"] == "not_reached"
