"""The body is read under caps, as strict JSON, and handed on unchanged."""

import asyncio

import pytest

from tests.fakes.asgi import Exchange
from ultra.domain.errors import InvalidRequest, TimedOut, TooLarge, UnsupportedMedia
from ultra.gate.body import Body

JSON = {"content-type": "application/json"}


class Echo:
    """Remembers what reached it."""

    def __init__(self) -> None:
        self.parsed = self.raw = "never reached"

    async def __call__(self, scope, receive, send) -> None:
        self.parsed = scope.get("ultra.json")
        self.raw = (await receive())["body"]
        await send({"type": "http.response.start", "status": 204, "headers": []})


def gate(echo: Echo, **caps) -> Body:
    """Put the gate before `echo`."""
    return Body(echo, **{"max_bytes": 100, "max_seconds": 5.0, **caps})


async def test_body_arrives_parsed_and_raw() -> None:
    """Chunks are joined, parsed once and replayed as the same bytes."""
    echo = Echo()
    await Exchange("POST", headers=JSON, body=[b'{"a": ', b"[1]}"])(gate(echo))
    assert echo.parsed == {"a": [1]}
    assert echo.raw == b'{"a": [1]}'


async def test_empty_body_is_none() -> None:
    """A POST without a body needs no content type."""
    echo = Echo()
    await Exchange("POST")(gate(echo))
    assert echo.parsed is None


@pytest.mark.parametrize(
    ("headers", "body", "error"),
    [
        (JSON | {"content-length": "101"}, [b"{}"], TooLarge),
        (JSON, [b"[" + b"1," * 60 + b"1]"], TooLarge),
        ({"content-type": "text/plain"}, [b"{}"], UnsupportedMedia),
        ({}, [b"{}"], UnsupportedMedia),
        (JSON, [b"{'a': 1}"], InvalidRequest),
        (JSON, [b'{"a": 1, "a": 2}'], InvalidRequest),
        (JSON, [b'{"a": NaN}'], InvalidRequest),
        (JSON, [b"\xff"], InvalidRequest),
    ],
)
async def test_bad_bodies_never_reach_the_route(headers, body, error) -> None:
    """Too large, of another type, or ambiguous JSON is refused before anything is spent."""
    echo = Echo()
    with pytest.raises(error):
        await Exchange("POST", headers=headers, body=body)(gate(echo))
    assert echo.parsed == "never reached"


@pytest.mark.parametrize("headers", [JSON | {"content-length": "200"}, JSON])
async def test_what_is_too_large_is_heard_out(headers) -> None:
    """Everything that was sent is taken before the refusal, or the client would see a reset instead."""
    body = [b"x" * 50] * 4
    exchange = Exchange("POST", headers=headers, body=body)
    taken = []

    async def app(scope, receive, send) -> None:
        async def receive_counted():
            message = await receive()
            taken.append(message)
            return message

        await gate(Echo())(scope, receive_counted, send)

    with pytest.raises(TooLarge):
        await exchange(app)
    assert len(taken) == 4


async def test_nobody_is_heard_out_for_ever() -> None:
    """A body without end is refused after a few times the cap; one that was only announced is not waited for."""
    endless = Exchange("POST", headers=JSON, body=[b"x" * 50] * 100)
    with pytest.raises(TooLarge):
        await endless(gate(Echo()))
    asks_first = Exchange("POST", headers=JSON | {"content-length": "200", "expect": "100-continue"}, body=[])
    with pytest.raises(TooLarge):
        await asks_first(gate(Echo()))


async def test_slow_body_is_given_up() -> None:
    """A body that does not arrive in time is a timeout, not a hanging worker."""

    async def receive():
        await asyncio.Event().wait()

    with pytest.raises(TimedOut):
        await gate(Echo(), max_seconds=0.01)({"type": "http", "method": "POST", "headers": []}, receive, None)
