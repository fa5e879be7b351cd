"""I: how large a body may be, how slow, in which encoding, and what its known fields are made of."""

import json
import threading
import time
from contextlib import suppress
from typing import Any

from tests.blackbox.asking import drained, status_of
from tests.blackbox.targets import PANEL
from tests.blackbox.test_api_keys import question

ME = "/api/auth/me"
CHAT = "/v1/chat/completions"
_MIB = 1 << 20


def test_I01_announced_size(target):
    """A body that is announced as too large is refused before it is sent."""
    person = target.person()
    head = (
        f"POST {CHAT} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {person.access}\r\n"
        f"content-type: application/json\r\ncontent-length: {1 << 30}\r\n\r\n"
    )
    begun = time.monotonic()
    assert status_of(person.client.raw(head.encode())) == 413
    assert time.monotonic() - begun < 10


def test_I01_unannounced_size(target):
    """A body in chunks is read up to the limit and no further."""
    person = target.person()
    head = (
        f"POST {CHAT} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {person.access}\r\n"
        "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    chunk = b"%x\r\n" % _MIB + b" " * _MIB + b"\r\n"
    sent = 0
    with person.client.wire() as wire:
        wire.sendall(head.encode())
        try:
            for _ in range(200):
                wire.sendall(chunk)
                sent += 1
        except OSError:
            pass  # it hangs up, as it should
        said = drained(wire)
    assert status_of(said) in (0, 413)
    assert 32 <= sent < 60, f"{sent} MiB were taken"
    person.client.get(ME).expect(200)


def test_I01_nobodys_body(target):
    """Nobody's body is not waited for: the refusal comes before it."""
    head = (
        f"POST {CHAT} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n"
    )
    begun = time.monotonic()
    assert status_of(target.client().raw(head.encode())) == 401
    assert time.monotonic() - begun < 10


def test_I01_many_small_values(target):
    """What costs little to send and much to read is refused unread, in few words, and nobody else waits for it."""
    names = b"{" + b",".join(b'"k%d":1' % number for number in range(800_000)) + b"}"
    objects = b"[" + b"{}," * 3_000_000 + b"1]"
    said = b',{"role":"user","content":"x"}' * 300_000
    chat = b'{"model":"acme/alpha","messages":[' + said[1:] + b"]}"
    client = target.person().client
    slowest, stop = 0.0, threading.Event()

    def watch() -> None:
        nonlocal slowest
        while not stop.wait(0.02):
            begun = time.monotonic()
            target.client().get("/health/live").expect(200)
            slowest = max(slowest, time.monotonic() - begun)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        for path, body in (("/api/auth/token", names), ("/api/auth/refresh", objects)):
            answer = _raw_post(target.client(), path, body)
            assert status_of(answer) in (0, 413), answer[:300]
            assert len(answer) < 20_000
        for path, body in ((CHAT, chat), (CHAT, names), ("/api/analyze", objects), ("/api/keys", names)):
            answer = _raw_post(client, path, body)
            assert status_of(answer) in (0, 413), answer[:300]
            assert len(answer) < 20_000
    finally:
        stop.set()
        watching.join()
    assert slowest < 2.5, f"somebody else waited for {slowest:.1f} s"


def _raw_post(client: Any, path: str, body: bytes) -> bytes:
    """Send a body and read what is answered to it, whether or not it was read to its end."""
    sent = [
        *client.headers,
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("connection", "close"),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent)
    with client.wire() as wire:
        with suppress(OSError):  # it hangs up, as it may
            wire.sendall(f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{lines}\r\n".encode() + body)
        return drained(wire)


def test_I04_a_body_says_what_it_is(target):
    """A body that would have to be unpacked, or is in another encoding, is refused unread; UTF-8 may be named."""
    client = target.person().client
    body = json.dumps({"name": "x"}).encode()
    for headers in (
        [("content-type", "application/json"), ("content-encoding", "gzip")],
        [("content-type", "application/json; charset=utf-16")],
        [("content-type", 'application/json; x=y; charset="latin-1"')],
    ):
        client.ask("POST", "/api/keys", body=body, headers=headers).refused(415)
    plain = [("content-type", "application/json; charset=UTF-8"), ("content-encoding", "identity")]
    client.ask("POST", "/api/keys", body=body, headers=plain).expect(201)


def test_I04_known_fields_have_their_type(target):
    """What OpenAI has a word for is refused in another type; what nobody knows is passed on."""
    client = target.person().client
    for more in ({"logprobs": "x"}, {"top_logprobs": 999}, {"metadata": {"a": 1}}, {"logit_bias": []}):
        error = client.post(CHAT, {**question(), **more}).refused(400).json["error"]
        assert error["param"].split(".")[0] in more
    client.post(CHAT, {**question(), "a_field_of_next_year": {"a": [1]}, "metadata": {"a": "b"}}).expect(200)


def test_I04_preferences(target):
    """`Prefer` is read as it is meant to be, whatever the case, and not where it stands in something else."""
    client = target.person().client
    asked = {"prompt": "Why is the sky blue?", "models": PANEL, "flow": "compare"}
    for wish, status in (("Respond-Async, wait=5", 202), ('x="respond-async"', 200), ("respond-asynchronously", 200)):
        client.post("/api/analyze", asked, headers=[("prefer", wish)]).expect(status)


def test_I04_nobody_understands_it(target):
    """What is no request at all is refused in the words of whoever it was meant for."""
    said = target.client().raw(b"get /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
    assert status_of(said) == 400
    assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["type"] == "invalid_request_error"


def test_I05_slow_bodies(target):
    """A body that does not come is the client's own delay: a 408, and the end of the connection."""
    person = target.person()
    head = (
        f"POST {CHAT} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {person.access}\r\n"
        "content-type: application/json\r\ncontent-length: 1000\r\n\r\n{"
    )
    with person.client.wire() as wire:
        wire.settimeout(60)
        wire.sendall(head.encode())
        said = drained(wire)
    assert status_of(said) == 408, said[:300]
    assert b"connection: close" in said.lower()
