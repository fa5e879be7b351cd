"""A: roles, other people's things, and what a request says about itself."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from tests.blackbox.asking import Answer, Client, status_of, until
from tests.blackbox.policy import BESIDE, HAS, OPERATIONS, filled
from tests.blackbox.targets import PANEL, Target, each_worker
from tests.blackbox.test_tokens import open_run

ME = "/api/auth/me"
_BROKEN = b'{"broken'
_JSON = [("content-type", "application/json")]


def operations(target: Target) -> dict[tuple[str, str], str | None]:
    """Return what the API says that it has, with the permission it names."""
    document = target.admin.client.get("/openapi.json").expect(200).json
    return {
        (method.upper(), path): None if declared["x-permission"] == "public" else declared["x-permission"]
        for path, methods in document["paths"].items()
        for method, declared in methods.items()
    }


def tried(client: Client, method: str, path: str) -> Answer:
    """Ask for an operation in a way that can do nothing: what is sent as body is no JSON."""
    body = None if method == "GET" else _BROKEN
    return client.ask(method, filled(path), body=body, headers=_JSON if body else ())


def finished(client: Client, prompt: str = "Why is the sky blue?") -> str:
    """Have a question answered, and return where the run is."""
    asked = {"prompt": prompt, "models": PANEL, "flow": "compare"}
    answer = client.post("/api/analyze", asked).expect(200)
    return str(answer.get("location"))


def test_A01_every_operation_has_its_place_in_the_policy(target):
    """The description of the API and the policy name the same operations with the same permissions."""
    assert operations(target) == dict(OPERATIONS)


def test_A01_anonymous(target):
    """Nobody does nothing, and their bodies are not read: what is not even JSON is a 401 like all else."""
    for (method, path), permission in {**OPERATIONS, **BESIDE}.items():
        if permission is not None:
            tried(target.client(), method, path).unauthenticated()


@pytest.mark.parametrize("caller", HAS)
def test_A01_policy(target, caller):
    """Everybody may do exactly what the policy says, decided before a body is looked at."""
    if caller.startswith("key"):
        scopes = {"scopes": ["runs:read"]} if caller == "key to read runs" else {}
        client = target.person("admin").with_key(**scopes)
    else:
        client = target.person(caller).client
    for (method, path), permission in {**OPERATIONS, **BESIDE}.items():
        if permission is None:
            continue
        answer = tried(client, method, path)
        if permission in HAS[caller]:
            assert answer.status not in (401, 403), (method, path, answer.text)
        else:
            answer.refused(403)
            assert answer.get("www-authenticate") == f'Bearer error="insufficient_scope", scope="{permission}"'


def told(answer: Answer, place: str) -> dict[str, Any]:
    """Return a refusal without what the caller had said, and without its own id."""
    return {**json.loads(answer.text.replace(place.rpartition("/")[2], "run_x")), "request_id": ""}


def test_A03_the_runs_of_others(target):
    """Somebody else's run does not exist: every way to it reads like one that never was."""
    owner, other = target.person(), target.person("admin")
    place = finished(owner.client)
    random = place[:-4] + "0000"
    before = owner.client.get(place).expect(200).json
    ways = [("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/events")]
    for method, rest in ways:
        found = other.client.ask(method, place + rest, json={} if method == "POST" else None).refused(404)
        never = other.client.ask(method, random + rest, json={} if method == "POST" else None).refused(404)
        assert told(found, place) == told(never, random)
    asked = {"prompt": "And then?", "models": PANEL, "follow_up_to": place.rpartition("/")[2]}
    other.client.post("/api/analyze", asked).refused(404)
    assert owner.client.get(place).expect(200).json == before


def test_A03_the_requests_keys_and_sessions_of_others(target):
    """Nor do somebody else's requests, keys and sessions."""
    owner, other = target.person(), target.person("admin")
    request_id = (
        owner.client.post(
            "/v1/chat/completions", {"model": PANEL[0], "messages": [{"role": "user", "content": "Hello"}]}
        )
        .expect(200)
        .get("x-request-id")
    )
    until(lambda: owner.client.get(f"/api/requests/{request_id}").expect(200, 404).status == 200, 10, "its record")
    other.client.get(f"/api/requests/{request_id}").refused(404)
    key = owner.key()
    for method, rest in (("GET", ""), ("DELETE", ""), ("POST", "/rotate")):
        other.client.ask(method, f"/api/keys/{key['id']}{rest}", json={} if rest else None).refused(404)
    target.client([("authorization", f"Bearer {key['key']}")]).get(ME).expect(200)
    session = owner.browser().ask("GET", "/api/auth/sessions").expect(200).json["data"][0]["id"]
    other.client.ask("DELETE", f"/api/auth/sessions/{session}").refused(404)


def test_A05_lists_hold_ones_own(target):
    """A list holds what is one's own, whatever its parameters say; what they cannot mean is refused."""
    owner, other = target.person(), target.person("operator")
    finished(owner.client)
    finished(owner.client)
    theirs = owner.client.get("/api/analyses?limit=1").expect(200).json
    own = finished(other.client).rpartition("/")[2]
    for query in (
        f"user_id={owner.id}",
        "owner=*",
        f"principal={owner.id}",
        f"cursor={theirs['next']}",
        "q=sky",
        "q=%25",
    ):
        answer = other.client.get(f"/api/analyses?{query}").expect(200, 400)
        if answer.status == 200:
            assert {run["id"] for run in answer.json["data"]} <= {own}
    edges = ("0001-01-01T00:00:00+23:59 run_x", "9999-12-31T23:59:59-23:59 run_x", "2026-01-01T00:00:00 run_x", "x\0")
    for query in (
        *(f"cursor={urlsafe_b64encode(each.encode()).decode()}" for each in edges),
        f"cursor={theirs['next'][:-1]}~",
        "cursor=%00",
        "limit=-1",
        "limit=0",
        "limit=100000000000000000000",
        "limit=x",
    ):
        found = other.client.get(f"/api/analyses?{query}").expect(200, 400)
        assert found.status == 400 or {run["id"] for run in found.json["data"]} <= {own}
    for query in ("before=0", "before=9223372036854775808", f"before={'9' * 400}", "limit=501", "limit=1.5"):
        target.admin.client.get(f"/api/audit?{query}").refused(400)
    for edge in ("until=0001-01-02T00:00:00Z", "since=0001-01-01T00:00:00Z", "until=9999-12-31T23:59:59Z"):
        other.client.get(f"/api/usage?{edge}").expect(200)
    for query in ("since=0001-01-01T00:00:00%2B23:59", "until=9999-12-31T23:59:59-23:59", "since=1", "since=%00"):
        other.client.get(f"/api/usage?{query}").refused(400)


def test_A07_nobody_promotes_themselves(target):
    """Fields that are not asked for are refused, and change nothing."""
    person = target.person("viewer")
    for field, value in (
        ("role", "admin"),
        ("is_admin", True),
        ("scopes", ["users:write"]),
        ("quota", 10**6),
        ("id", "usr_0"),
        ("tenant_id", "other"),
        ("created_at", "2000-01-01T00:00:00Z"),
        ("email_verified", True),
        ("password_hash", "x"),
    ):
        body = {"old_password": person.password, "password": "Another-word-of-mine-91", field: value}
        person.client.post("/api/auth/password", body).refused(400, 422)
        person.client.ask("PATCH", f"/api/users/{person.id}", json={field: value}).refused(403)
        wanted = {"username": "somebody", "role": "viewer", field: value}
        if field != "role":
            target.admin.client.post("/api/users", wanted).refused(400, 422)
    assert person.client.get(ME).expect(200).json["role"] == "viewer"


def test_A09_the_places_of_operators(target):
    """A user finds no door to configuration, other people or inner workings."""
    person = target.person()
    for path in ("/api/users", "/api/audit", "/api/usage?scope=all"):
        person.client.get(path).refused(403)
    for path in (
        "/api/config",
        "/config/update",
        "/api/providers",
        "/api/models/reload",
        "/api/prompts/test",
        "/debug",
    ):
        person.client.get(path).refused(403, 404)
        person.client.post(path).refused(403, 404, 405)


def test_A11_demotion(target):
    """Who is demoted keeps nothing: token, session and stream lose what the role had given."""
    person = target.person("admin")
    browser = person.browser()
    stream = person.client.stream(f"{open_run(person)}/events")
    assert stream.status == 200
    browser.ask("GET", "/api/users").expect(200)
    target.admin.client.ask("PATCH", f"/api/users/{person.id}", json={"role": "member"}).expect(200)
    for answer in each_worker(target, lambda: person.client.get("/api/users")):
        answer.refused(403)
    for answer in each_worker(target, lambda: browser.ask("GET", "/api/users")):
        answer.refused(401, 403)
    stream.ends_within(15)


def test_A13_methods(target):
    """A method is what the request line says, and nothing else; HEAD is let in like GET."""
    person = target.person()
    place = finished(person.client)
    overriding = [("x-http-method-override", "DELETE"), ("x-method-override", "DELETE"), ("x-http-method", "DELETE")]
    person.client.get(f"{place}?_method=DELETE", headers=overriding).expect(200, 400)
    person.client.ask("POST", place, json={"_method": "DELETE"}, headers=overriding).refused(405)
    person.client.get(place).expect(200)
    for method in ("TRACE", "get", "Get", "PROPFIND"):
        answer = person.client.ask(method, place)
        answer.refused(400, 405)
    whole, head = person.client.get(place).expect(200), person.client.ask("HEAD", place).expect(200)
    assert head.body == b""
    assert head.get("content-type") == whole.get("content-type")
    assert target.client().ask("HEAD", place).status == 401
    assert target.person("viewer").client.ask("HEAD", "/api/users").status == 403
    assert target.person().client.ask("HEAD", place).status == 404


def test_A19_somebody_elses_repetition(target):
    """The same key and body from somebody else is a request of their own; from its owner it is the same once."""
    owner, other = target.person(), target.person()
    repeated = [("idempotency-key", f"k-{owner.id}")]
    asked = {"prompt": "Why is the sky blue?", "models": PANEL, "flow": "compare"}
    first, again = (owner.client.post("/api/analyze", asked, headers=repeated).expect(200).json for _ in range(2))
    assert again["id"] == first["id"]
    theirs = other.client.post("/api/analyze", asked, headers=repeated).expect(200).json
    assert theirs["id"] != first["id"]
    other.client.get(f"/api/analyses/{first['id']}").refused(404)
    owner.client.get(f"/api/analyses/{theirs['id']}").refused(404)
    changed = {**asked, "prompt": "And why is it red?"}
    owner.client.post("/api/analyze", changed, headers=repeated).refused(409)


def test_A19_a_key_is_not_its_owner(target):
    """A key that may not read runs gets no answer that its owner was given, under whatever Idempotency-Key."""
    owner = target.person()
    client = owner.with_key(scopes=["runs:create"])
    repeated = [("idempotency-key", f"k-{owner.id}")]
    asked = {"prompt": "Why is the sky blue?", "models": PANEL, "flow": "compare"}
    first = owner.client.post("/api/analyze", asked, headers=repeated).expect(200)
    theirs = client.post("/api/analyze", asked, headers=repeated).expect(200)
    assert theirs.get("idempotent-replayed") is None
    assert theirs.json["id"] != first.json["id"]
    assert client.post("/api/analyze", asked, headers=repeated).expect(200).json["id"] == theirs.json["id"]


_HOSTS = (
    b"host: localhost/health#",
    b"host: x/#@y",
    b"host: 127.0.0.1/api/auth/csrf?",
    b"host:",
    b"host: 127.0.0.1\r\nhost: 127.0.0.1",
    b"host: 127.0.0.1:8080@evil.example",
    b"host: evil.example",
    b"host: 127.0.0.1\r\nx-forwarded-host: localhost/health",
    b"host: 127.0.0.1\r\nx-original-url: /health",
    b"host: 127.0.0.1\r\nx-rewrite-url: /health",
    b"host: 127.0.0.1\r\nx-forwarded-prefix: /health",
)


def test_A15_the_path_alone_decides(target):
    """No Host, and no header that some proxy understands, turns a protected address into an open one."""
    client = target.client()
    for host in _HOSTS:
        said = client.raw(b"GET /api/users HTTP/1.1\r\n" + host + b"\r\nconnection: close\r\n\r\n")
        assert status_of(said) in (400, 401), (host, said[:200])
    for line in (
        b"http://127.0.0.1/api/users",
        b"http://evil.example/api/users",
        b"http://127.0.0.1/health/../api/users",
        b"//api/users",
        b"/health/../api/users",
        b"/health/..%2fapi/users",
        b"/api/users%00/health",
        b"/API/users",
        b"/api/users/",
        b"/api/users;/health",
        b"/health/live/../../api/users",
    ):
        said = client.raw(b"GET " + line + b" HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
        assert status_of(said) in (400, 401, 404), (line, said[:200])
    said = client.raw(b"GET http://evil.example/health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
    assert status_of(said) == 400


_CLAIMS = (
    ("x-request-from", "internal"),
    ("x-middleware-subrequest", "middleware:middleware:middleware:middleware:middleware"),
    ("x-user-id", "{admin}"),
    ("x-role", "admin"),
    ("x-forwarded-user", "root"),
    ("x-internal", "true"),
    ("x-real-ip", "127.0.0.1"),
    ("x-admin", "true"),
    ("x-debug", "1"),
    ("x-remote-user", "root"),
    ("x-forwarded-for", "127.0.0.1"),
)


def test_A17_claims_about_oneself(target):
    """No header says who somebody is: answers are what they are without it."""
    person = target.person()
    for name, value in _CLAIMS:
        claim = [(name, value.format(admin=target.admin.id))]
        assert person.client.get("/api/users", headers=claim).refused(403).json["code"] == "insufficient_scope"
        assert person.client.get(ME, headers=claim).expect(200).body == person.client.get(ME).expect(200).body
        target.client().get(ME, headers=claim).unauthenticated()
