"""The body is read under caps, as strict JSON, and handed on unchanged."""

import asyncio

import pytest

from tests.fakes.asgi import Exchange
from ultra.domain.errors import InvalidRequest, TooLarge, TooSlow, UnsupportedMedia
from ultra.gate.body import Body, BodyCaps

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
    return Body(echo, caps=BodyCaps(**{"max_bytes": 100, "max_seconds": 5.0, **caps}))


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
        ({"content-type": "application/json; charset=utf-16"}, [b"{}"], UnsupportedMedia),
        (JSON | {"content-encoding": "gzip"}, [b"{}"], UnsupportedMedia),
        (JSON, [b"{'a': 1}"], InvalidRequest),
        (JSON, [b'{"a": 1, "a": 2}'], InvalidRequest),
        (JSON, [b'{"a": NaN}'], InvalidRequest),
        (JSON, [b"\xff"], InvalidRequest),
        (JSON, [b'{"a": ["x\\u0000"]}'], InvalidRequest),
        (JSON, [b'{"a\\u0000": 1}'], InvalidRequest),
    ],
)
async def test_bad_bodies_never_reach_the_route(headers, body, error) -> None:
    """Too large, of another type, or ambiguous JSON is refused before anything is spent."""
    echo = Echo()
    with pytest.raises(error):
        await Exchange("POST", headers=headers, body=body)(gate(echo))
    assert echo.parsed == "never reached"


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "Application/JSON; Charset=UTF-8"},
        {"content-type": 'application/json;charset="utf-8"; profile=x'},
        JSON | {"content-encoding": "identity"},
    ],
)
async def test_plain_json_has_many_spellings(headers) -> None:
    """UTF-8 may be named, and so may it that nothing was packed."""
    echo = Echo()
    await Exchange("POST", headers=headers, body=[b"{}"])(gate(echo))
    assert echo.parsed == {}


async def test_a_packed_body_says_what_would_do() -> None:
    """The refusal names the one encoding that is read (RFC 9110, section 15.5.16)."""
    exchange = Exchange("POST", headers=JSON | {"content-encoding": "gzip"}, body=[b"{}"])
    with pytest.raises(UnsupportedMedia):
        await exchange(gate(Echo()))
    assert exchange.scope["ultra.headers"] == {"accept-encoding": "identity"}


async def test_a_large_body_keeps_nobody_waiting() -> None:
    """While it is parsed others are served; a small one is parsed where it came."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    going = asyncio.ensure_future(others())
    echo = Echo()
    await Exchange("POST", headers=JSON, body=[b'{"a": 1}'])(gate(echo))
    assert (echo.parsed, turns) == ({"a": 1}, 0)
    await Exchange("POST", headers=JSON, body=[b'"' + b"x" * 100_000 + b'"'])(gate(echo, max_bytes=1_000_000))
    assert echo.parsed == "x" * 100_000
    assert turns > 0
    going.cancel()


async def test_slow_body_is_given_up() -> None:
    """A body that does not arrive in time is the client's own delay; the connection ends with the answer."""

    async def receive():
        await asyncio.Event().wait()

    scope = {"type": "http", "method": "POST", "headers": []}
    with pytest.raises(TooSlow):
        await gate(Echo(), max_seconds=0.01)(scope, receive, None)
    assert scope["ultra.headers"] == {"connection": "close"}
