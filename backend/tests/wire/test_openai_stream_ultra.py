"""The bytes of `/v1/chat/completions` as they leave Ultra's socket: framing, order, and how a stream ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import openai
import pytest
from openai import AsyncOpenAI

from tests.journeys.programs import MODELS, PANEL, Mock, UltraProcess, mock_process, provider_toml, ultra_process
from tests.journeys.streams import Frame, frames

BROKEN = [
    "mock-reset-mid-event-after-3",
    "mock-close-mid-event-after-3",
    "mock-no-terminator",
    "mock-error-in-stream-after-3",
    "mock-server-error-in-stream-after-3",
    "mock-invalid-json-after-3",
]
"""Faults after the first words: too late for another status, another attempt or another candidate."""
TOML = f"""
[aliases]
spare = ["broken/mock-reset-mid-event-after-4", "acme/beta"]

[panels]
default = {json.dumps(PANEL)}
"""
ASKED = [{"role": "user", "content": "Why is the sky blue?"}]


@pytest.fixture(scope="module")
def mock_of_module() -> Iterator[Mock]:
    """Start a mock that has a breaking provider too."""
    with mock_process(models={**MODELS, "broken": []}) as mock:
        yield mock


@pytest.fixture(scope="module")
def ultra(mock_of_module: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Start Ultra beside it."""
    models = [*BROKEN, "mock-reset-mid-event-after-4", "mock-stall-after-3-2s"]
    toml = TOML + provider_toml(mock_of_module, "broken", models)
    with ultra_process(tmp_path_factory.mktemp("ultra"), mock_of_module, toml=toml) as process:
        yield process


@pytest.fixture
def mock(mock_of_module: Mock) -> Mock:
    """Return the mock as if nobody had asked it before."""
    mock_of_module.reset()
    return mock_of_module


@pytest.fixture
async def http(ultra: UltraProcess, mock: Mock, anyio_backend: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a plain HTTP client of Ultra."""
    async with aiohttp.ClientSession(
        ultra.url, headers={"authorization": f"Bearer {ultra.key}"}, timeout=aiohttp.ClientTimeout(total=60)
    ) as session:
        yield session


async def streamed(http: aiohttp.ClientSession, model: str, **more: Any) -> tuple[aiohttp.ClientResponse, list[Frame]]:
    """Ask for a stream and return the response with everything it sent."""
    body = {"model": model, "messages": ASKED, "stream": True, **more}
    async with http.post("/v1/chat/completions", json=body) as response:
        assert response.status == 200, await response.text()
        return response, [frame async for frame in frames(response)]


def said(chunks: list[dict[str, Any]]) -> str:
    """Return the content of chunks."""
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk.get("choices"))


@pytest.mark.parametrize("model", ["openai/gpt-6-astra", "anthropic/claude-fable-5-2", "ultra/consensus"])
async def test_frames_are_data_and_nothing_else(http, model):
    """Every event is one `data:` line with JSON and a blank line; comments may stand between; `[DONE]` is the last."""
    response, sent = await streamed(http, model)
    *chunks, done = [frame for frame in sent if not frame.is_comment]
    assert done.raw == b"data: [DONE]\n\n"
    for chunk in chunks:
        assert chunk.raw.startswith(b'data: {"')
        assert chunk.raw.count(b"\n") == 2
        assert b"\r" not in chunk.raw
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in response.headers
    assert response.headers["x-request-id"] == response.headers["request-id"]


@pytest.mark.parametrize("model", ["gemini/gemini-4-argon", "ultra/consensus"])
async def test_chunks_stand_in_the_order_clients_need(http, model):
    """Role first and once, then content, then the reason alone, then usage alone, each under one id."""
    _, sent = await streamed(http, model, stream_options={"include_usage": True})
    chunks = [frame.json for frame in sent if not frame.is_comment and b"[DONE]" not in frame.raw]
    first, *content, reason, usage = chunks
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert all(list(each["choices"][0]["delta"]) == ["content"] for each in content)
    assert (reason["choices"][0]["delta"], reason["choices"][0]["finish_reason"]) == ({}, "stop")
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] > 0
    assert [each["usage"] for each in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert [each["choices"][0]["finish_reason"] for each in content] == [None] * len(content)
    assert len({(each["id"], each["created"], each["model"], each["object"]) for each in chunks}) == 1


async def test_usage_is_only_sent_when_wanted(http):
    """Without `include_usage` no chunk says anything of usage."""
    _, sent = await streamed(http, "acme/alpha")
    chunks = [frame.json for frame in sent if b"[DONE]" not in frame.raw]
    assert all("usage" not in chunk for chunk in chunks)
    assert all(len(chunk["choices"]) == 1 for chunk in chunks)


async def test_what_ultra_knows_stands_in_the_last_chunk_only(http):
    """`ultra` is beside the last chunk, so that no client meets it before the answer is whole."""
    _, sent = await streamed(http, "ultra/consensus")
    chunks = [frame.json for frame in sent if not frame.is_comment and b"[DONE]" not in frame.raw]
    assert [index for index, chunk in enumerate(chunks) if "ultra" in chunk] == [len(chunks) - 1]
    told = chunks[-1]["ultra"]
    assert (told["status"], told["answered"], told["asked"]) == ("complete", 3, 3)
    assert told["heading"] not in said(chunks)


async def test_an_ensemble_streams_what_it_keeps(http, ultra):
    """The streamed content is byte for byte the verdict in the history."""
    _, sent = await streamed(http, "ultra/consensus")
    chunks = [frame.json for frame in sent if not frame.is_comment and b"[DONE]" not in frame.raw]
    kept = ultra.get(f"/api/analyses/{chunks[-1]['ultra']['run_id']}")
    assert said(chunks) == kept["text"] != ""


@pytest.mark.parametrize("scenario", BROKEN)
async def test_a_break_is_told_inside_the_stream(http, scenario):
    """After the first words a fault is an error event and the end: no reason to stop, no `[DONE]`, no other model."""
    _, sent = await streamed(http, f"broken/{scenario}", stream_options={"include_usage": True})
    *chunks, last = [frame.json for frame in sent if not frame.is_comment]
    assert list(last) == ["error"]
    assert set(last["error"]) == {"message", "type", "param", "code"}
    assert last["error"]["message"]
    assert said(chunks)
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks)
    assert not any(b"[DONE]" in frame.raw for frame in sent)


async def test_a_break_is_not_mended_by_another_candidate(http, mock):
    """Once words of one model are out, no other model continues them."""
    _, sent = await streamed(http, "spare")
    assert "error" in sent[-1].json
    assert [each["model"] for each in mock.requests()] == ["mock-reset-mid-event-after-4"]


async def test_two_syntheses_are_not_mixed(http, mock):
    """When the first attempt at a verdict breaks off, the second one's words do not follow the first one's."""
    mock.arm("reset-mid-event-after-3", provider="acme", model="alpha", times=1)
    mock.arm("normal", provider="acme", model="alpha", times=1)
    _, sent = await streamed(http, "ultra/consensus")
    *chunks, last = [frame.json for frame in sent if not frame.is_comment and b"[DONE]" not in frame.raw]
    broken = mock.requests("alpha")[1]
    assert broken["outcome"] == "reset"
    if "error" in last:
        assert last["error"]["code"] == "truncated"
        assert len(said(chunks).split()) <= broken["tokens_sent"]
    else:
        assert last["ultra"]["status"] == "complete"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_verdict_that_is_cut_off_says_so(http, mock, stream):
    """An ensemble's answer that broke off at a limit ends with that reason, not as if it were whole."""
    mock.arm("cut-at-limit", provider="acme", model="alpha", times=1)
    mock.arm("normal", provider="acme", model="alpha", times=1)
    if stream:
        _, sent = await streamed(http, "ultra/consensus")
        last = sent[-2].json
    else:
        async with http.post("/v1/chat/completions", json={"model": "ultra/consensus", "messages": ASKED}) as response:
            last = await response.json()
    assert last["choices"][0]["finish_reason"] == "length"
    assert last["ultra"]["status"] == "partial"


async def test_the_official_client_raises_mid_stream(ultra, mock):
    """The official client gives the words that came, and then raises."""
    seen = []

    async def listen() -> None:
        async for chunk in stream:
            seen.append(chunk.choices[0].delta.content or "")  # noqa: PERF401 - what came before it raised counts

    async with AsyncOpenAI(api_key=ultra.key, base_url=f"{ultra.url}/v1", max_retries=0) as client:
        stream = await client.chat.completions.create(
            model="broken/mock-error-in-stream-after-3", messages=ASKED, stream=True
        )
        with pytest.raises(openai.APIError) as caught:
            await listen()
    assert "".join(seen)
    assert caught.value.code == "overloaded"


async def test_words_are_passed_on_as_they_come(http):
    """What a vendor has said is with the client while the vendor is still thinking."""
    body = {"model": "broken/mock-stall-after-3-2s", "messages": ASKED, "stream": True}
    async with http.post("/v1/chat/completions", json=body) as response:
        coming = frames(response)
        early = []
        async with asyncio.timeout(1.5):
            while not said(early):
                early.append((await anext(coming)).json)
        rest = [frame async for frame in coming]
    assert rest[-1].raw == b"data: [DONE]\n\n"


async def test_an_error_before_the_first_byte_has_its_status(http):
    """A stream that never begins is an ordinary error answer in JSON."""
    body = {"model": "acme/no-such-model", "messages": ASKED, "stream": True}
    async with http.post("/v1/chat/completions", json=body) as response:
        assert response.status == 404
        assert response.content_type == "application/json"
        assert (await response.json())["error"]["code"] == "model_not_found"
        assert response.headers["x-should-retry"] == "false"
