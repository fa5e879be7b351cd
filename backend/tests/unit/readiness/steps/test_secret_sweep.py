"""A secret is found in every shape that secrets are written in."""

import base64
import json
from urllib.parse import quote

import pytest

from ultra.readiness.steps.secret_sweep import spellings

SECRET = 'Cnry7/q"8+w=ü_t0k3n-that-is long'


@pytest.mark.parametrize(
    "written",
    [
        SECRET.encode(),
        json.dumps({"password": SECRET}).encode(),
        f"https://x.example/?key={quote(SECRET, safe='')}".encode(),
        SECRET.encode()[::-1],
        SECRET.encode().hex().encode(),
        *(base64.b64encode(before + SECRET.encode() + b":after") for before in (b"", b"u:", b"ab:", b"abcd")),
        *(base64.urlsafe_b64encode(before + SECRET.encode()) for before in (b"", b"u", b"us")),
    ],
)
def test_it_is_found(written: bytes) -> None:
    """As it is, in JSON, in a URL, backwards, in hex, and in base64 behind anything."""
    assert any(each in b"a line with " + written + b" in it" for each in spellings(SECRET))


def test_nothing_is_found_where_nothing_is() -> None:
    """No shape is so short that it would stand anywhere by chance."""
    assert min(len(each) for each in spellings(SECRET)) > 20
    assert not any(each in json.dumps({"event": "request", "path": "/health"}).encode() for each in spellings(SECRET))
