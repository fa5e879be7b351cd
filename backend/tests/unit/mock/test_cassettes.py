"""Tests of cassettes: found again, and without secrets."""

import stat

import pytest

from ultra.mock.cassettes import BrokenCassette, Cassette, Cassettes, Chunk, NoCassette, key_of, public_target

KEY = "sk-very-secret-1234"


def recorded(**changes):
    """Return an exchange full of secrets."""
    facts = {
        "method": "POST",
        "target": f"/v1/models/a%2Fb:go?key={KEY}&alt=sse",
        "request_headers": {"Authorization": f"Bearer {KEY}", "X-Api-Key": KEY, "user-agent": "test"},
        "request_body": b'{"b": 1, "a": "' + KEY.encode() + b'"}',
        "status": 200,
        "headers": {"content-type": "text/event-stream", "set-cookie": "id=1"},
        "chunks": [Chunk(0.0, f"data: {KEY}\n\n".encode()), Chunk(0.5, b"\xff\xfe")],
    }
    return Cassette(**{**facts, **changes})


def test_keeps_no_secret(tmp_path):
    """Neither key nor cookie stands anywhere in the file, which only its owner may read."""
    path = Cassettes(tmp_path).save(recorded())
    text = path.read_text()
    assert KEY not in text
    assert "id=1" not in text
    assert '"user-agent": "test"' in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_finds_by_content():
    """Order and spaces of JSON do not matter, the key neither; another body does."""
    target = "/v1/x?b=2&a=1"
    assert key_of("POST", target, b'{"a":1,"b":2}') == key_of("POST", "/v1/x?a=1&key=k&b=2", b'{ "b": 2, "a": 1 }')
    assert key_of("POST", target, b'{"a":1}') != key_of("POST", target, b'{"a":2}')
    assert key_of("GET", target, b"") != key_of("POST", target, b"")
    assert public_target("/v1/a%2Fb?key=1") == "/v1/a%2Fb"


def test_plays_back_what_was_saved(tmp_path):
    """Status, headers and chunks come back, bytes that are no text too."""
    cassettes = Cassettes(tmp_path)
    cassettes.save(recorded(request_body=b'{"a": 1}'))
    found = cassettes.find("POST", "/v1/models/a%2Fb:go?alt=sse&key=other", b'{"a":1}')
    assert found.status == 200
    assert found.chunks == [Chunk(0.0, b"data: [removed]\n\n"), Chunk(0.5, b"\xff\xfe")]


def test_says_what_is_missing(tmp_path):
    """A miss names the request; a damaged file is told from a miss."""
    cassettes = Cassettes(tmp_path)
    with pytest.raises(NoCassette, match="POST /v1/y"):
        cassettes.find("POST", "/v1/y", b"{}")
    path = cassettes.save(recorded())
    path.write_text("{}")
    with pytest.raises(BrokenCassette):
        cassettes.find("POST", recorded().target, recorded().request_body)
