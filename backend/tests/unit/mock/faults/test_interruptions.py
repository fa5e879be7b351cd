"""Interruptions: resets, cuts and silence, as bytes on a socket."""

import asyncio
import json

import pytest

from tests.unit.mock.faults.reading import TERMINATORS, VENDORS, frames, receive, texts
from ultra.protocols.sse import Decoder


async def test_reset_before_headers(raw):
    """The connection is reset with nothing said."""
    got, error = await receive(raw, "openai", "reset-before-headers")
    assert got == b""
    assert isinstance(error, ConnectionResetError)


async def test_reset_after_headers(raw):
    """Status and headers arrive, then a reset."""
    got, error = await receive(raw, "openai", "reset-after-headers")
    assert got.startswith(b"HTTP/1.1 200")
    assert b"data:" not in got
    assert isinstance(error, ConnectionResetError)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_reset_mid_event(raw, vendor):
    """Some events arrive, then half of one, then a reset."""
    got, error = await receive(raw, vendor, "reset-mid-event-after-2")
    assert b"data: {" in got
    assert TERMINATORS[vendor] not in got
    assert isinstance(error, ConnectionResetError)


async def test_close_mid_event(raw):
    """Half an event arrives, then a regular close of the socket without the end of the body."""
    got, error = await receive(raw, "openai", "close-mid-event-after-2")
    assert error is None
    assert b"data: {" in got
    assert not got.endswith(b"0\r\n\r\n")


async def test_reset_mid_body(raw):
    """An answer sent whole is cut in half too."""
    got, error = await receive(raw, "openai", "reset-mid-event", stream=False)
    assert b"content-length" in got
    assert isinstance(error, ConnectionResetError)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_half_a_character(raw, vendor):
    """The body ends regularly inside a UTF-8 character."""
    async with raw.post(vendor, "half-utf8", stream=True) as reply:
        body = await reply.read()
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert body.endswith("🙂".encode()[:2])


@pytest.mark.parametrize("vendor", VENDORS)
async def test_no_terminator(raw, vendor):
    """The whole text arrives but nothing announces its end."""
    found, _ = await frames(raw, vendor, "no-terminator")
    whole, _ = await frames(raw, vendor, None)
    assert texts(vendor, found) == texts(vendor, whole) != ""
    joined = b"".join(frame.data for frame in found)
    assert TERMINATORS[vendor] not in joined
    assert b"stop" not in joined.replace(b"content_block_stop", b"").replace(b"stop_reason", b"").replace(
        b"stop_sequence", b""
    )


async def test_no_last_event(raw):
    """Only the last frame is missing; the reason of the end was said."""
    found, _ = await frames(raw, "openai", "no-last-event")
    assert found[-1].data != b"[DONE]"
    assert json.loads(found[-1].data)["choices"][0]["finish_reason"] == "stop"
    found, _ = await frames(raw, "anthropic", "no-last-event")
    assert found[-1].event == "message_delta"


@pytest.mark.parametrize("name", ["stall-after-2-60s", "silent-60s"])
async def test_silence_in_a_stream(raw, name):
    """Headers (and the first pieces) arrive, then nothing; leaving ends it at once."""
    async with raw.post("openai", name, stream=True) as reply:
        assert reply.status == 200
        if name.startswith("stall"):
            assert b"data: {" in await reply.content.readany()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reply.content.readany()
    assert await outcome(raw) == "client_left"


async def test_silence_before_headers(raw):
    """Nothing arrives at all; leaving ends it at once."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await raw.post("openai", "slow-start-60s")
    assert await outcome(raw) == "client_left"


async def outcome(raw):
    """Return how the only request ended, waiting a little for the server to notice."""
    for _ in range(200):
        (entry,) = (await raw.control("requests"))["requests"]
        if entry["outcome"] != "open":
            break
        await asyncio.sleep(0.01)
    return entry["outcome"]


async def test_short_stall_goes_on(raw):
    """After a stall the answer is finished."""
    found, _ = await frames(raw, "openai", "stall-after-2-10ms")
    assert found[-1].data == b"[DONE]"


async def test_drip(raw):
    """A few bytes at a time still are the whole answer, in many reads."""
    decoder, found, reads = Decoder(), [], 0
    async with raw.post("openai", "drip-1ms", stream=True) as reply:
        async for chunk in reply.content.iter_any():
            reads += 1
            found += decoder.feed(chunk)
    assert found[-1].data == b"[DONE]"
    assert reads > 20
