"""A stream of events stays alive in silence and ends properly."""

import asyncio

import pytest

from tests.fakes.asgi import Exchange
from ultra.domain.errors import Truncated, UltraError
from ultra.gate.events import EventResponse
from ultra.gate.vigil import FAREWELL
from ultra.system import System


def explain(error: UltraError) -> list[bytes]:
    """Word an error as a frame."""
    return [f"event: error\ndata: {error.code}\n\n".encode()]


async def stream(exchange: Exchange, frames, *, silence: float = 0.0, keepalive: bytes | None = b": hi\n\n") -> None:
    """Write frames with a silence before each."""

    async def app(scope, receive, send) -> None:
        opening = EventResponse(send, system=System(), keepalive=keepalive, explain=explain, every=0.05)
        async with opening as response:
            for frame in frames:
                await asyncio.sleep(silence)
                await response.write([frame])

    await exchange(app)


async def test_frames_and_headers() -> None:
    """Frames arrive as written, under headers that keep proxies from buffering, and the response ends."""
    exchange = Exchange()
    await stream(exchange, [b"data: 1\n\n", b"data: 2\n\n"])
    assert exchange.answer == b"data: 1\n\ndata: 2\n\n"
    assert exchange.answer_headers["content-type"] == "text/event-stream; charset=utf-8"
    assert exchange.answer_headers["x-accel-buffering"] == "no"
    assert exchange.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_silence_is_filled() -> None:
    """After `every` seconds without a frame the keep-alive is sent."""
    exchange = Exchange()
    await stream(exchange, [b"data: 1\n\n"], silence=0.2)
    assert exchange.answer.startswith(b": hi\n\n")
    assert exchange.answer.endswith(b"data: 1\n\n")


async def test_a_wire_without_a_keepalive_stays_silent() -> None:
    """None sends nothing: Gemini's clients fail on any comment."""
    exchange = Exchange()
    await stream(exchange, [b"data: 1\n\n"], silence=0.2, keepalive=None)
    assert exchange.answer == b"data: 1\n\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [(Truncated("x"), "truncated"), (ValueError("x"), "internal")],
)
async def test_a_break_is_told_inside_the_stream(error: BaseException, code: str) -> None:
    """Whatever breaks the stream is its last frame, and rises on to be logged."""
    exchange = Exchange()

    async def app(scope, receive, send) -> None:
        async with EventResponse(send, system=System(), keepalive=None, explain=explain) as response:
            await response.write([b"data: 1\n\n"])
            raise error

    with pytest.raises(type(error)):
        await exchange(app)
    assert exchange.answer == f"data: 1\n\nevent: error\ndata: {code}\n\n".encode()
    assert exchange.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_who_cancels_a_stream_has_its_last_words() -> None:
    """A cancelled stream stays open, and how it would word an error went along with its beginning."""
    exchange = Exchange()

    async def app(scope, receive, send) -> None:
        async with EventResponse(send, system=System(), keepalive=None, explain=explain) as response:
            await response.write([b"data: 1\n\n"])
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await exchange(app)
    assert exchange.sent[-1]["more_body"] is True
    assert exchange.sent[0][FAREWELL] is explain
