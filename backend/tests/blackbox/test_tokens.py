"""J: access tokens and refresh tokens."""

import base64
import hashlib
import hmac
import json
import time
from contextlib import suppress
from typing import Any

import pytest

from tests.blackbox.asking import Answer, status_of
from tests.blackbox.houses import listener
from tests.blackbox.targets import SILENT, House, Person, Target, at_once, bearer, each_worker

ME = "/api/auth/me"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def b64(data: bytes) -> str:
    """Write as a token does."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(text: str) -> dict[str, Any]:
    """Read one part of a token."""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def forged(house: House, person: Person, *, header: Any = (), claims: Any = (), drop: str = "") -> str:
    """Sign with the server's real key a token that differs from a good one in what is given."""
    head, payload, _ = person.access.split(".")
    first, second = {**part(head), **dict(header)}, {**part(payload), **dict(claims)}
    second.pop(drop, None)
    signed = f"{b64(json.dumps(first).encode())}.{b64(json.dumps(second).encode())}"
    mac = hmac.new(house.signing[1].encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{b64(mac)}"


def refuses(target: Target, *tokens: str) -> None:
    """Check that no worker takes any of these."""
    client = target.client()
    for token in tokens:
        client.get(ME, headers=[bearer(token)]).unauthenticated()


def open_run(person: Person) -> str:
    """Begin a run that lasts, and return its address."""
    if not SILENT:
        pytest.skip("not run: the target has no model that never answers (ULTRA_TARGET_SILENT)")
    asked = {"prompt": "Is anybody there?", "models": [SILENT], "deadline_s": 60}
    answer = person.client.post("/api/analyze", asked, headers=[("prefer", "respond-async")]).expect(202)
    return str(answer.json["location"])


def test_J01_unsigned_tokens(target):
    """A token without a signature, by whatever name of its algorithm, is nobody's."""
    person = target.person()
    head, payload, signature = person.access.split(".")
    known = part(head)
    for algorithm in ("none", "None", "NONE", "nOnE", "", None, 0, ["HS256"], "missing"):
        first = {**known, "alg": algorithm}
        if algorithm == "missing":
            del first["alg"]
        text = b64(json.dumps(first).encode())
        refuses(target, f"{text}.{payload}.", f"{text}.{payload}", f"{text}.{payload}.{signature}")
    refuses(target, f"{head}.{payload}.", f"{head}.{payload}")
    person.client.get(ME).expect(200)


def test_J01_a_refusal_is_audited(house):
    """A token that is refused leaves a row with its cause."""
    client = house.client()
    client.get(ME, headers=[bearer(forged(house, house.person(), header={"alg": "none"}))]).unauthenticated()
    from tests.blackbox.asking import until

    (row,) = until(lambda: house.audit("token_rejected", address=client.address), 10, "a row")
    assert row["facts"]["cause"] == "header"
    assert row["outcome"] == "refused"


def test_J01_a_wrong_signature(target):
    """What is not signed by the server is nobody's, changed claims as little as a changed signature."""
    person, other = target.person(), target.person()
    head, payload, signature = person.access.split(".")
    _, theirs, _ = other.access.split(".")
    refuses(target, f"{head}.{theirs}.{signature}", f"{head}.{payload}.{'A' * 43}")


def test_J03_one_spelling(target):
    """No other spelling of a token is taken, neither while it is good nor after it was revoked."""
    person = target.person()
    head, payload, signature = person.access.split(".")
    last = _ALPHABET.index(signature[-1])
    twins = [_ALPHABET[last & ~3 | low] for low in range(4) if last & ~3 | low != last]
    spellings = [signature[:-1] + each for each in twins]
    spellings += [signature + "=", signature + "==", signature[:20] + "!" + signature[20:]]
    everything = [f"{head}.{payload}.{each}" for each in spellings]
    refuses(target, *everything)
    said = person.target.client().raw(
        f"GET {ME} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {head}.{payload}.{signature[:9]} "
        f"{signature[9:]}\r\nconnection: close\r\n\r\n".encode()
    )
    assert status_of(said) in (400, 401)
    person.client.ask("POST", "/api/auth/logout").expect(204)
    refuses(target, person.access, *everything)


def test_J05_keys_named_in_the_token(house):
    """A token cannot bring its own key, and nobody goes to look for one."""
    person = house.person()
    with listener() as canary:
        place = f"http://127.0.0.1:{canary.getsockname()[1]}/keys"
        for header in (
            {"jwk": {"kty": "oct", "k": b64(b"x" * 32)}},
            {"jku": place},
            {"x5u": place},
            {"x5c": [b64(b"certificate")]},
            {"jku": "file:///etc/passwd"},
            {"jku": "data:application/json,{}"},
        ):
            refuses(house, forged(house, person, header=header))
        canary.settimeout(0.2)
        try:
            canary.accept()
        except TimeoutError:
            return
    raise AssertionError("Somebody came to fetch a key.")


def test_J07_odd_headers(house):
    """A header that asks for more than a plain token is refused, even when it is signed with the real key."""
    person = house.person()
    for header in (
        {"crit": ["x"]},
        {"b64": False},
        {"zip": "DEF"},
        {"alg": "hs256"},
        {"cty": "JWT"},
        {"typ": "JWT"},
        {"kid": "two"},
        {"kid": None},
    ):
        refuses(house, forged(house, person, header=header))
    refuses(house, ".".join([b64(b'{"alg":"dir","enc":"A256GCM"}'), "", "AAAA", "AAAA", "AAAA"]))


def test_J09_required_claims(house):
    """A token without one of its claims is refused, even when it is signed with the real key."""
    person = house.person()
    house.client().get(ME, headers=[bearer(forged(house, person))]).expect(200)
    for claim in ("exp", "iat", "nbf", "iss", "aud", "sub", "jti", "sid"):
        refuses(house, forged(house, person, drop=claim))


def test_J09_names_that_no_store_keeps(house):
    """A signed token whose names hold NUL or other things that are none is refused like every other."""
    person = house.person()
    for claim in ("sid", "sub", "jti"):
        for value in ("family\0", "a b", "f\u00e4mily", "x" * 1000):
            refuses(house, forged(house, person, claims={claim: value}))


def test_J11_tokens_from_the_future(house):
    """A token that is not good yet, or was made tomorrow, is refused; so is one that has expired or lasts too long."""
    person, now = house.person(), int(time.time())
    for claims in ({"nbf": now + 60}, {"iat": now + 3600}, {"exp": now - 31}, {"exp": now + 100_000}):
        refuses(house, forged(house, person, claims=claims))


def test_J13_audience(house):
    """A token for somebody else is refused, also when it is for Ultra among others."""
    person = house.person()
    right = part(person.access.split(".")[1])["aud"]
    for audience in ("somebody-else", [right, "other"], [right], right[:-1], f"{right}.evil", None, ""):
        refuses(house, forged(house, person, claims={"aud": audience}))


def test_J15_logout_ends_everything(house):
    """After signing out no worker takes the tokens, and an open stream of events ends within 15 seconds."""
    person = house.person()
    stream = person.client.stream(f"{open_run(person)}/events", headers=())
    assert stream.status == 200
    for _ in each_worker(house, lambda: person.client.get(ME).expect(200)):
        pass  # every worker has seen it while it was good
    person.client.ask("POST", "/api/auth/logout").expect(204)
    for answer in each_worker(house, lambda: person.client.get(ME)):
        answer.unauthenticated()
    for _ in range(2):
        house.client().post("/api/auth/refresh", {"refresh_token": person.refresh}).expect(401)
    said = stream.ends_within(15).decode()
    assert "event: error" in said
    assert "session_ended" in said.rpartition("event: error")[2]


def test_J15_a_session_ends_too(target):
    """After signing out of a browser the cookie is nobody's on every worker."""
    browser = target.person().browser()
    for answer in each_worker(target, lambda: browser.ask("GET", ME)):
        answer.expect(200)
    name, value = browser.session
    browser.ask("POST", "/api/auth/logout").expect(204)
    for answer in each_worker(target, lambda: browser.client.get(ME, headers=[("cookie", f"{name}={value}")])):
        answer.unauthenticated()


def test_J15_every_stream_ends(target):
    """A stream ends with what opened it: a session signed out, a key revoked, a user disabled."""
    person, other = target.person(), target.person()
    events, theirs = (f"{open_run(each)}/events" for each in (person, other))
    browser, key = person.browser(), person.key()
    name, value = browser.session
    streams = [
        browser.client.stream(events, headers=[("cookie", f"{name}={value}")]),
        target.client([bearer(key["key"])]).stream(events),
        other.client.stream(theirs),
    ]
    assert [each.status for each in streams] == [200] * 3
    browser.ask("POST", "/api/auth/logout").expect(204)
    person.client.ask("DELETE", f"/api/keys/{key['id']}").expect(204)
    target.admin.client.ask("PATCH", f"/api/users/{other.id}", json={"disabled": True}).expect(200)
    begun = time.monotonic()
    for stream in streams:
        said = stream.ends_within(max(1.0, 15 - (time.monotonic() - begun)))
        assert b"session_ended" in said
    person.client.get(ME).expect(200)


def test_J15_nobody_is_answered_afterwards(target):
    """Who waits for an answer when the credential ends gets none: neither the first byte nor the whole."""
    if not SILENT:
        pytest.skip("the target has no model that never answers")
    person = target.person()
    key = person.key()
    client = target.client([bearer(key["key"])])
    chat = {"model": SILENT, "messages": [{"role": "user", "content": "Hello"}]}
    waiting = (
        ("/v1/chat/completions", chat),
        ("/v1/chat/completions", {**chat, "stream": True}),
        ("/api/analyze", {"prompt": "Hello", "models": [SILENT], "flow": "compare"}),
        ("revoke", None),
    )
    ended = [0.0]

    def ask(number: int) -> Answer | None:
        path, body = waiting[number]
        if path != "revoke":
            with suppress(TimeoutError):  # found below
                return client.post(path, body)
            return None
        time.sleep(2.0)
        ended[0] = time.monotonic()
        return person.client.ask("DELETE", f"/api/keys/{key['id']}")

    plain, streamed, run, _ = at_once(len(waiting), ask)
    assert time.monotonic() - ended[0] < 16
    assert plain is not None
    assert streamed is not None
    assert run is not None
    assert plain.refused(401).json["error"]["code"] == "session_ended"
    assert b"session_ended" in streamed.body
    assert run.refused(401).json["code"] == "session_ended"


def test_J17_one_successor(target):
    """Of many who use a refresh token at once, all that are answered get the same successor."""
    person = target.person()
    plain = [target.client() for _ in range(20)]
    answers = at_once(20, lambda number: plain[number].post("/api/auth/refresh", {"refresh_token": person.refresh}))
    assert {each.status for each in answers} <= {200, 401}
    assert len({each.json["refresh_token"] for each in answers if each.status == 200}) == 1


def test_J17_a_used_token_ends_its_family(target):
    """A refresh token that comes again after its successor was used ends the whole sign-in."""
    person = target.person()
    ask = target.client()
    second = ask.post("/api/auth/refresh", {"refresh_token": person.refresh}).expect(200).json
    third = ask.post("/api/auth/refresh", {"refresh_token": second["refresh_token"]}).expect(200).json
    ask.post("/api/auth/refresh", {"refresh_token": person.refresh}).expect(401)
    ask.post("/api/auth/refresh", {"refresh_token": third["refresh_token"]}).expect(401)
    refuses(target, person.access, third["access_token"])


def test_J19_shapeless_tokens(target):
    """Whatever stands where a token should is refused quickly, in the same way by every worker."""
    client = target.client()
    good = target.person().access
    texts = [
        "a" * 5000,
        "",
        "x",
        *("." * dots for dots in (1, 4, 10)),
        f" {good}",
        f"\t{good}",
        f"{good},{good}",
        "ü.ü.ü",
    ]
    texts.append(f"{b64(b'{')}.{b64(json.dumps({'sub': chr(0xD800)}).encode())}.{'A' * 43}")
    for text in texts:
        for answer in [client.get(ME, headers=[("authorization", f"Bearer {text}".strip("\n"))]) for _ in range(2)]:
            answer.refused(400, 401, 431)
    client.get(ME, headers=[bearer(good), bearer(good)]).refused(400, 401)
    large = f"GET {ME} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {'a' * 1_000_000}\r\n\r\n".encode()
    assert status_of(client.raw(large)) in (0, 400, 401, 431)
    client.get(ME, headers=[bearer(good)]).expect(200)


def test_J23_roles_and_states_count_at_once(target):
    """A new role is in force, and a disabled user is nobody, from the next request on every worker."""
    person = target.person("admin")
    for answer in each_worker(target, lambda: person.client.get("/api/users")):
        answer.expect(200)
    target.admin.client.ask("PATCH", f"/api/users/{person.id}", json={"role": "viewer"}).expect(200)
    for answer in each_worker(target, lambda: person.client.get("/api/users")):
        answer.refused(403)
    assert person.client.get(ME).expect(200).json["role"] == "viewer"
    target.admin.client.ask("PATCH", f"/api/users/{person.id}", json={"disabled": True}).expect(200)
    for answer in each_worker(target, lambda: person.client.get(ME)):
        answer.unauthenticated()
