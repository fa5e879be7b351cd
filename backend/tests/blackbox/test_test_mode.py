"""T: the X-Test-Mode header, which exists in testing alone."""

import subprocess
import time
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from tests.blackbox.asking import Answer, until
from tests.blackbox.houses import large, small
from tests.blackbox.policy import BESIDE, OPERATIONS, filled
from tests.blackbox.targets import House
from ultra.auth.test_mode import sign

ME = "/api/auth/me"


def signed(
    house: House, role: str, method: str, path: str, *, body: bytes = b"", secret: str | None = None
) -> tuple[str, str]:
    """Return the header of a test that wants to be somebody of that role, as the published format says."""
    path, _, query = path.partition("?")
    value = sign(
        secret or house.test_secret,
        role=role,
        user="fixture",
        method=method,
        path=path,
        query=query,
        body=body,
        expires_at=datetime.now(UTC) + timedelta(seconds=30),
        nonce=token_hex(8),
    )
    return ("x-test-mode", value)


def core(answer: Answer) -> tuple[object, ...]:
    """Return what an answer says, without ids, dates and counts."""
    varying = {"x-request-id", "request-id", "date", "ratelimit", "ratelimit-policy", "retry-after", "set-cookie"}
    headers = {name.lower() for name, _ in answer.headers} - varying
    media = answer.get("content-type") or ""
    body = {**answer.json, "request_id": "", "csrf_token": ""} if "json" in media and answer.body else answer.body
    return answer.status, tuple(sorted(headers)), str(body)


_NAMES = ("X-Test-Mode", "x-test-mode", "X-TEST-MODE", "X_Test_Mode", "Test-Mode", "x-test_mode")


def test_T01_changes_nothing(production, testing):
    """In production the header changes no answer of any route, in no spelling, with no value."""
    good = signed(testing, "admin", "GET", "/api/users")[1]
    values = ("true", "1", "yes", "on", "", testing.test_secret, good, "a" * 10_000)
    before = production.database_text().count(b"usr_")
    spread = [
        key for key in {**OPERATIONS, **BESIDE} if key[1] not in ("/health", "/health/ready")
    ]  # say how a worker is just now
    member = production.person()
    for number, (method, path) in enumerate(spread):
        client = production.client()
        body = None if method == "GET" else b"{}"
        known = [] if body is None else [("content-type", "application/json")]
        without = client.ask(method, filled(path), body=body, headers=known)
        for step in range(3):
            name = _NAMES[(number + step) % len(_NAMES)]
            header = (name, values[(number * 3 + step) % len(values)])
            for times in (1, 2):
                found = client.ask(method, filled(path), body=body, headers=[*known, *[header] * times])
                assert core(found) == core(without), (method, path, header[0], header[1][:30], times)
    for name, value in zip(_NAMES * 2, values, strict=False):
        member.client.get("/api/users", headers=[(name, value)]).refused(403)
        production.client().get("/api/users", headers=[(name, value)]).unauthenticated()
    spaced = b"GET /api/users HTTP/1.1\r\nhost: 127.0.0.1\r\nX-Test-Mode : true\r\nconnection: close\r\n\r\n"
    assert production.client().raw(spaced).split(b" ", 2)[1] in (b"400", b"401")
    assert production.database_text().count(b"usr_") >= before


def test_T01_is_audited(production):
    """An attempt in production is written down."""
    client = production.client()
    client.get("/api/users", headers=[("x-test-mode", "true")]).unauthenticated()
    until(lambda: production.audit("test_mode_attempt", address=client.address), 10, "a row about it")


def test_T03_production_with_the_secret(production):
    """Production with a secret for the header does not start, and says which setting it is, never its value."""
    value = f"cnry{token_hex(20)}"
    ended: subprocess.CompletedProcess[str] = production.command("serve", "--port", "0", ULTRA_TEST_MODE_SECRET=value)
    assert ended.returncode == 78
    assert "ULTRA_TEST_MODE_SECRET" in ended.stderr
    assert value not in ended.stderr + ended.stdout


def test_T05_only_a_signature_counts(testing):
    """A word, the secret itself or a signature of another is nobody; a right one is the user it declares, once."""
    client = testing.client()
    for value in ("true", "1", "", testing.test_secret, "v1.admin.fixture.99999999999.nonce-nonce." + "0" * 64):
        client.get("/api/users", headers=[("x-test-mode", value)]).unauthenticated()
    client.get(ME, headers=[signed(testing, "admin", "GET", ME, secret="x" * 40)]).unauthenticated()
    good = signed(testing, "admin", "GET", ME)
    answer = client.get(ME, headers=[good]).expect(200)
    assert answer.json["role"] == "admin"
    assert answer.json["credential"] == "test"
    client.get(ME, headers=[good]).unauthenticated()
    client.get("/api/users", headers=[signed(testing, "admin", "GET", ME)]).unauthenticated()
    client.get(ME, headers=[signed(testing, "admin", "GET", ME), ("x-forwarded-for", "1.2.3.4")]).unauthenticated()
    name, value = signed(testing, "viewer", "GET", ME)
    client.get(ME, headers=[(name, value.replace("viewer", "admin"))]).unauthenticated()
    assert client.get("/health").get("x-ultra-environment") == "testing"
    assert client.get("/health").json["test_mode"] is True


def test_T05_two_credentials(testing):
    """The header beside a token or a key is one credential too many."""
    person = testing.person()
    person.client.get(ME, headers=[signed(testing, "admin", "GET", ME)]).refused(400)
    key = ("x-api-key", person.key()["key"])
    testing.client().get(ME, headers=[signed(testing, "admin", "GET", ME), key]).refused(400)


def test_T05_a_header_is_good_once_over_all_workers(tmp_path, upstream):
    """What one worker has let in every other refuses."""
    with large(tmp_path, upstream, is_production=False) as house:
        for _ in range(8):
            header = signed(house, "admin", "GET", ME)
            statuses = [house.client().get(ME, headers=[header]).status for _ in range(8)]
            assert statuses == [200] + [401] * 7


def test_T07_the_checks_remain(testing):
    """It replaces the credential and no check: permissions, limits and other sites' pages."""
    client = testing.client()
    client.get("/api/users", headers=[signed(testing, "viewer", "GET", "/api/users")]).refused(403)
    body = b'{"name": "x", "oops": 1}'
    known = [("content-type", "application/json"), signed(testing, "member", "POST", "/api/keys", body=body)]
    client.ask("POST", "/api/keys", body=body, headers=known).refused(400, 422)
    deadline = time.monotonic() + 60
    while client.get(ME, headers=[("x-test-mode", "true")]).status == 401:
        assert time.monotonic() < deadline
    client.get(ME, headers=[("x-test-mode", "true")]).refused(429)


def test_T07_beside_a_cookie(testing):
    """Beside a session's cookie the header says who it is, and the request must still come from our own page."""
    person = testing.person("admin")
    browser = person.browser()
    body = b'{"username": "%s", "role": "viewer"}' % token_hex(6).encode()
    known = [("content-type", "application/json"), ("origin", testing.origin)]

    def ask(role: str, *more: tuple[str, str], secret: str | None = None) -> Answer:
        header = signed(testing, role, "POST", "/api/users", body=body, secret=secret)
        return browser.ask("POST", "/api/users", body=body, headers=[*known, *more, header])

    token = ("x-csrf-token", browser.token)
    assert ask("admin").refused(403).json["code"] == "csrf"
    assert ask("admin", ("x-csrf-token", "x")).refused(403).json["code"] == "csrf"
    assert ask("admin", token, ("sec-fetch-site", "cross-site")).refused(403).json["code"] == "csrf"
    assert ask("viewer", token).refused(403).json["code"] == "insufficient_scope"
    ask("admin", token, secret="x" * 40).unauthenticated()
    ask("admin", token).expect(201)
    assert browser.ask("GET", ME, headers=[signed(testing, "viewer", "GET", ME)]).expect(200).json["role"] == "viewer"
    assert browser.ask("GET", ME).expect(200).json["id"] == person.id


def test_T13_testing_stays_on_loopback(testing):
    """Testing does not serve other machines."""
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        ended = testing.command("serve", "--port", "0", "--host", host)
        assert ended.returncode == 78, ended.stderr
        assert "ULTRA_HOST" in ended.stderr


def test_T05_not_beside_a_live_key(tmp_path, upstream):
    """With a real provider's key at hand a signed header opens nothing, though mocks keep the key from being used."""
    with small(tmp_path, upstream, OPENAI_API_KEY=f"sk-proj-{token_hex(24)}", ULTRA_MOCK_SERVERS="true") as house:
        house.client().get("/api/users", headers=[signed(house, "admin", "GET", "/api/users")]).unauthenticated()
        assert not house.client().get("/health").expect(200).json["test_mode"]
        told = house.command("check", "--json")
        assert "U027" in told.stdout
        assert "OPENAI_API_KEY" in told.stdout


_BETWEEN = [
    "X-Forwarded-For", "X-Cluster-Client-IP", "Fastly-Client-IP", "X-Original-Forwarded-For",
    "X-Envoy-External-Address", "X-Azure-ClientIP", "Client-IP", "X-Remote-IP", "X-Remote-Addr",
    "X-Originating-IP", "X-Host", "Via",
]  # fmt: skip


def test_T05_not_through_a_proxy(testing):
    """Whatever says that a request came from somewhere else makes a signed header worthless."""
    good = testing.client().get("/api/users", headers=[signed(testing, "admin", "GET", "/api/users")])
    good.expect(200)
    for name in _BETWEEN:
        headers = [signed(testing, "admin", "GET", "/api/users"), (name, "127.0.0.1")]
        testing.client().get("/api/users", headers=headers).unauthenticated()
