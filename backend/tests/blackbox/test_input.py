"""I: bodies, framing, slow clients and values that readers could understand in two ways."""

import json
import resource
import selectors
import time
from contextlib import ExitStack, suppress
from typing import Any

from tests.blackbox.asking import Answer, status_of
from tests.blackbox.houses import listener
from tests.blackbox.targets import PANEL, each_worker
from tests.blackbox.test_api_keys import question

ME = "/api/auth/me"
CHAT = "/v1/chat/completions"
_MIB = 1 << 20


def _post(client: Any, path: str, body: bytes) -> Answer:
    found: Answer = client.ask("POST", path, body=body, headers=[("content-type", "application/json")])
    return found


MARKER = b"GET /smuggled-marker HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
FRAMINGS = (
    b"content-length: 6\r\ntransfer-encoding: chunked",
    b"transfer-encoding: chunked\r\ncontent-length: 6",
    b"transfer-encoding: chunked, identity",
    b"transfer-encoding: identity",
    b"transfer-encoding: xchunked",
    b"transfer-encoding: chunked\x0b",
    b"transfer-encoding: \x0bchunked",
    b"transfer-encoding: chunked\r\ntransfer-encoding: chunked",
    b"transfer-encoding : chunked",
    b"content-length: 5\r\ncontent-length: 6",
    b"content-length: 5\r\ncontent-length: 5",
    b"content-length: +5",
    b"content-length: 0x5",
    b"content-length: 5, 5",
    b"content-length: -1",
)


def test_I03_smuggling(house):
    """A body whose length can be understood in two ways is refused, and what follows it is never read."""
    for version in (b"1.1", b"1.0"):
        framings = FRAMINGS if version == b"1.1" else (b"transfer-encoding: chunked",)
        for framing in framings:
            request = b"POST " + CHAT.encode() + b" HTTP/" + version + b"\r\nhost: 127.0.0.1\r\n" + framing
            said = house.client().raw(request + b"\r\n\r\n0\r\n\r\n" + MARKER)
            assert status_of(said) in (400, 0), (framing, said[:200])
            assert said.count(b"HTTP/1.1 ") <= 1, framing
    assert "smuggled-marker" not in house.log()


def test_I05_slow_clients(target):
    """Who says nothing, or a byte now and then, is hung up on within 15 seconds, and keeps nobody else waiting."""
    person = target.person()
    _raise_open_files(2000)
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        addresses = [target.new_address() for _ in range(25)]
        for number in range(500):
            wire = stack.enter_context(target.client(address=addresses[number % 25]).wire())
            selector.register(wire, selectors.EVENT_READ, data=number % 2)
            if number % 2:
                wire.sendall(b"GET /health HTTP/1.1\r\nx-slow: ")
        begun, slowest = time.monotonic(), 0.0
        while selector.get_map():
            assert time.monotonic() - begun < 20, f"{len(selector.get_map())} are still open"
            for key, _ in selector.select(timeout=1.0):
                if _has_ended(key.fileobj):
                    selector.unregister(key.fileobj)
            for key in list(selector.get_map().values()):
                if key.data:
                    with suppress(OSError):  # it has hung up: the next look sees it
                        key.fileobj.sendall(b"a")
            asked = time.monotonic()
            person.client.get(ME).expect(200)
            slowest = max(slowest, time.monotonic() - asked)
        assert time.monotonic() - begun < 17
        assert slowest < 5


def _has_ended(wire: Any) -> bool:
    try:
        return not wire.recv(65536)
    except ConnectionResetError:
        return True


def _raise_open_files(wanted: int) -> None:
    """Let this process have that many files open, where it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


_HEADS = (
    b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nx-large: " + b"a" * 65536,
    b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n" + b"\r\n".join(b"x-%d: 1" % number for number in range(1000)),
    b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: " + b"a" * 1_000_000,
    b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nhost: 127.0.0.1",
    b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n: empty",
    b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nx-folded: a\r\n b",
    b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nx-nul: a\0b",
    b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nx-return: a\rb",
    b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: 127.0.0.1",
    b"POST /api/keys HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-type: text/plain",
    b"GET /health HTTP/1.1",
    b"GET /health HTTP/9.9\r\nhost: 127.0.0.1",
    b"GARBAGE",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)


def test_I07_heads(target):
    """A head that is too large or not well formed is refused, and the server goes on."""
    for head in _HEADS:
        said = target.client().raw(head + b"\r\n\r\n")
        assert status_of(said) in (0, 400, 414, 431), (head[:80], said[:200])
        if said:
            assert b"nosniff" in said
    for answer in each_worker(target, lambda: target.client().get("/health")):
        answer.expect(200)


def test_I09_numbers_that_are_none(target):
    """NaN, infinities and numbers without end are refused, and no answer has them."""
    client = target.person().client
    for number in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 5000, "00", "1.", ".5"):
        for field in ("temperature", "max_tokens", "top_p"):
            body = json.dumps(question())[:-1] + f', "{field}": {number}}}'
            answer = _post(client, CHAT, body.encode())
            answer.refused(400, 422)
            _is_plain(answer)
        body = json.dumps({"prompt": "x", "models": ["acme/alpha"]})[:-1] + f', "deadline_s": {number}}}'
        _post(client, "/api/analyze", body.encode()).refused(400, 422)
    for number in ("-0", "-0.0"):
        body = json.dumps(question())[:-1] + f', "temperature": {number}}}'
        _is_plain(_post(client, CHAT, body.encode()).expect(200, 400, 422))


def _is_plain(answer: Answer) -> None:
    """Check that no number of an answer is none."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in {answer.text[:300]}")

    json.loads(answer.body, parse_constant=refuse)


def test_I11_nul_and_surrogates(target):
    """No text has a NUL or half a character in it, wherever it stands."""
    person = target.person("admin")
    before = person.client.get("/api/keys").expect(200).json["data"]
    for bad in ("\\u0000", "\\ud800", "\\udfff\\ud800"):
        for path, body in (
            (CHAT, f'{{"model": "acme/alpha", "messages": [{{"role": "user", "content": "a{bad}b"}}]}}'),
            (CHAT, f'{{"model": "acme/al{bad}", "messages": [{{"role": "user", "content": "b"}}]}}'),
            ("/api/analyze", f'{{"prompt": "a{bad}b", "models": ["acme/alpha"]}}'),
            ("/api/keys", f'{{"name": "a{bad}b"}}'),
            ("/api/users", f'{{"username": "a{bad}b"}}'),
            ("/api/auth/token", f'{{"username": "a{bad}b", "password": "x"}}'),
            ("/api/auth/token", f'{{"username": "ab", "password": "x{bad}"}}'),
        ):
            client = target.client() if path.endswith("token") else person.client
            _post(client, path, body.encode()).refused(400, 401, 404, 422)
    for query in ("q=%00", "q=%ff", "q=%ed%a0%80", "cursor=%00"):
        person.client.get(f"/api/analyses?{query}").expect(200, 400, 422)
    person.client.get("/api/analyses/%00").refused(400, 404)
    person.client.get("/api/users/%00").refused(400, 404)
    person.client.get("/api/audit?action=%00").expect(200, 400, 422)
    assert person.client.get("/api/keys").expect(200).json["data"] == before


def test_I13_names_that_stand_twice(target):
    """JSON in which a name stands twice is refused, at any depth; so is what is no JSON for strict readers."""
    client = target.person().client
    for body in (
        b'{"model": "acme/alpha", "model": "acme/beta", "messages": [{"role": "user", "content": "x"}]}',
        b'{"model": "acme/alpha", "messages": [{"role": "user", "role": "system", "content": "x"}]}',
        b'{"name": "a", "name": "b"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 10_000,
        b"\xff\xfe{\x00}\x00",
        b"{} {}",
        b"{'name': 'x'}",
    ):
        _post(client, CHAT, body).refused(400)
        _post(client, "/api/keys", body).refused(400)


def test_I15_words_with_a_meaning_elsewhere(target):
    """Names that mean something to some reader are data here: they come back as they were, or are refused."""
    person = target.person()
    names = ("__proto__", "constructor", "lc", "$ref", "__class__")
    for name in names:
        prompt = json.dumps({name: {"polluted": True}})
        asked = {"prompt": prompt, "models": PANEL[:1], "flow": "compare", name: {"polluted": True}}
        person.client.post("/api/analyze", asked).refused(400, 422)
        del asked[name]
        place = person.client.post("/api/analyze", asked).expect(200).get("location")
        again = person.client.get(str(place)).expect(200)
        assert json.dumps(prompt)[1:-1] in json.dumps(again.json)
        with_metadata = {**question(), "metadata": {name: "x"}}
        person.client.post(CHAT, with_metadata).expect(200, 400)


def test_I21_no_address_from_outside(house):
    """Nobody names an upstream address: each of these is refused and nobody comes to it."""
    client = house.person().client
    with listener() as canary:
        canary.settimeout(0.2)
        place = f"http://127.0.0.1:{canary.getsockname()[1]}/v1"
        before = house.asked()
        for name in ("api_base", "base_url", "azure_endpoint", "proxy", "callback_url", "webhook"):
            for more in ({name: place}, {"extra_body": {name: place}}, {"provider": {"options": {name: place}}}):
                client.post(CHAT, {**question(), **more}).refused(400, 422)
                client.post("/api/analyze", {"prompt": "x", "models": ["acme/alpha"], **more}).refused(400, 422)
        for name in ("x-api-base", "x-base-url", "x-upstream", "proxy"):
            client.post(CHAT, question(), headers=[(name, place)]).expect(200)
        client.post(CHAT, {**question(), "metadata": {"api_base": place}}).expect(200, 400)
        assert house.asked() - before <= 5
        client.post(f"{CHAT}?api_base={place}", question()).expect(200, 400)
        image = [{"type": "image_url", "image_url": {"url": f"{place}/image.png"}}]
        asked = {"model": "acme/alpha", "messages": [{"role": "user", "content": image}]}
        client.post(CHAT, asked).expect(200, 400)
        try:
            canary.accept()
        except TimeoutError:
            return
    raise AssertionError("Somebody came to an address that a client has named.")


def test_I23_lines_in_lines(house):
    """No text of a client begins a new header, neither upstream nor in an answer; odd request ids are replaced."""
    client = house.person().client
    evil = "x\r\nX-Evil: 1"
    for body in ({**question(), "model": evil}, {**question(), "user": evil}, {**question(), "metadata": {"a": evil}}):
        answer = client.post(CHAT, body).expect(200, 400, 404)
        assert answer.get("x-evil") is None
    key = house.person().client.post("/api/keys", {"name": evil}).expect(201, 400, 422)
    assert key.get("x-evil") is None
    for path in ("/api/analyses/%0d%0aX-Evil:%201", "/v1/models/%0d%0aX-Evil:%201", "/%0d%0aX-Evil:%201"):
        assert client.get(path).expect(400, 404).get("x-evil") is None
    for given in ("a b", "a%0d%0aX-Evil: 1", "ü", "x" * 65, "a/b", "", "<script>"):
        assert client.get(ME, headers=[("x-request-id", given)]).expect(200, 400).get("x-request-id") != given
    assert client.get(ME, headers=[("x-request-id", "My-id_1.2")]).expect(200).get("x-request-id") == "My-id_1.2"
    assert house.mock is not None
    assert not any("x-evil" in {name.lower() for name in each["headers"]} for each in house.mock.requests())
    assert "\nX-Evil" not in house.log()
