"""C: cookies, sessions, and what other sites' pages make a browser send."""

import secrets
import time
from functools import partial
from urllib.parse import urlencode

import pytest

from tests.blackbox.asking import Answer
from tests.blackbox.policy import HAS, OPERATIONS, filled
from tests.blackbox.targets import Browser, Target, bearer, each_worker
from tests.blackbox.test_tokens import open_run

ME = "/api/auth/me"
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def foreign_origins(origin: str) -> list[str]:
    """Return what pages of other sites would say about themselves."""
    scheme, host = origin.split("://")
    other = "http" if scheme == "https" else "https"
    bare = host.partition(":")[0]
    return [
        "https://evil.example",
        "null",
        f"{other}://{host}",
        f"{scheme}://{bare}:81",
        f"{scheme}://{bare}.evil.com",
        f"https://evil.com#{bare}",
        f"{scheme}://{host}/",
        f"{scheme}://user@{host}",
        "",
    ]


def test_C01_a_token_for_every_unsafe_request(target):
    """A cookie alone changes nothing: each route wants the token, and refuses before it reads a body."""
    person = target.person("admin")
    browser = person.browser()
    tokenless = [("origin", target.origin), ("sec-fetch-site", "same-origin")]
    wrong = [[], [("x-csrf-token", "")], [("x-csrf-token", f"{'0' * 64}.{'0' * 64}")]]
    for (method, path), permission in OPERATIONS.items():
        if method in _UNSAFE and permission in HAS["admin"]:
            for extra in wrong:
                browser.ask(method, filled(path), headers=[*tokenless, *extra], json={}).refused(403)
    browser.ask("GET", ME).expect(200)
    assert browser.ask("GET", f"/api/users/{person.id}").expect(200).json["disabled_at"] is None


def test_C03_a_token_from_before(target):
    """A token from before signing in is nothing afterwards, and another session's is nothing here."""
    person = target.person()
    browser, other = Browser(target), person.browser()
    early = browser.ask("GET", "/api/auth/csrf", headers=()).expect(200).json["csrf_token"]
    browser.sign_in(person.name, person.password).expect(200)
    good = browser.token
    for token in (early, other.token):
        browser.token = token
        browser.ask("DELETE", "/api/auth/sessions").refused(403)
    browser.token = good
    browser.ask("GET", ME).expect(200)
    browser.ask("DELETE", "/api/auth/sessions").expect(204)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
def test_C05_fetch_metadata(target, site):
    """A browser that says that another site's page asks is believed."""
    browser = target.person().browser()
    headers = [("origin", target.origin), ("sec-fetch-site", site), ("x-csrf-token", browser.token)]
    browser.ask("POST", "/api/auth/logout", headers=headers, json={}).refused(403)
    browser.ask("GET", ME).expect(200)


def test_C05_origins(target):
    """Nor does a page of any other origin, with the right token: not when signing in, out or on, not anywhere."""
    person = target.person()
    browser = person.browser()
    credentials = {"username": person.name, "password": person.password}
    for origin in foreign_origins(target.origin):
        headers = [("origin", origin), ("x-csrf-token", browser.token)]
        browser.ask("POST", "/api/auth/logout", headers=headers, json={}).refused(403)
        browser.ask("POST", "/api/auth/login", headers=headers, json=credentials).refused(403)
        refresh = {"refresh_token": person.refresh}
        target.client().post("/api/auth/refresh", refresh, headers=[("origin", origin)]).refused(403)
    browser.ask("POST", "/api/auth/logout", headers=[("x-csrf-token", browser.token)], json={}).refused(403)
    browser.ask("GET", ME).expect(200)
    target.client().post("/api/auth/refresh", {"refresh_token": person.refresh}).expect(200)


def test_C07_content_types(target):
    """JSON under any other name, as a form of another site could send it, is refused."""
    browser = target.person().browser()
    for content_type in (
        "text/plain",
        None,
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "application/jsonx",
        "application/json, text/plain",
        "",
    ):
        headers = [*browser.own, *([] if content_type is None else [("content-type", content_type)])]
        body = b'{"password": "Another-word-of-mine-91"}'
        browser.ask("POST", "/api/auth/password", headers=headers, body=body).refused(415)
    browser.ask("GET", ME).expect(200)


def cookies_are_tight(answer: Answer, *, is_https: bool) -> list[str]:
    """Check every cookie that an answer sets or removes, and return them."""
    lines = answer.all("set-cookie")
    for line in lines:
        name, _, rest = line.partition("=")
        attributes = [each.strip().lower() for each in rest.split(";")[1:]]
        assert "httponly" in attributes
        assert "path=/" in attributes
        assert "samesite=lax" in attributes or "samesite=strict" in attributes
        assert not any(each.startswith("domain") for each in attributes)
        assert len(line) <= 4096
        assert name.startswith("__Host-") == is_https
        assert ("secure" in attributes) == is_https
    return lines


def test_C09_cookies(target):
    """Every cookie is this host's alone, no script's, and is removed with the attributes it was set with."""
    is_https = target.origin.startswith("https:")
    person, browser = target.person(), Browser(target)
    assert cookies_are_tight(browser.ask("GET", "/api/auth/csrf", headers=()), is_https=is_https)
    assert len(cookies_are_tight(browser.sign_in(person.name, person.password), is_https=is_https)) == 3
    assert cookies_are_tight(browser.ask("POST", "/api/auth/logout", json={}), is_https=is_https)
    assert [name.removeprefix("__Host-") for name in browser.cookies] == ["ultra-device"]
    token = target.client().post("/api/auth/token", {"username": person.name, "password": person.password})
    assert token.expect(200).all("set-cookie") == []


def test_C11_a_planted_session(target):
    """Signing in makes a new id: one that somebody has planted is nobody's before and after."""
    person, browser = target.person(), Browser(target)
    name = ("__Host-" if target.origin.startswith("https:") else "") + "ultra"
    planted = (name, "A" * 43)
    browser.ask("GET", "/api/auth/csrf", headers=())
    browser.cookies[planted[0]] = planted[1]
    browser.ask("GET", ME).unauthenticated()
    browser.sign_in(person.name, person.password).expect(200)
    assert browser.session[1] != planted[1]
    browser.client.get(ME, headers=[("cookie", "=".join(planted))]).unauthenticated()
    first = browser.session[1]
    browser.sign_in(person.name, person.password).expect(200)
    assert browser.session[1] != first


def test_C11_signing_in_again(target):
    """The session that a browser comes with ends when it signs in again, by program or by page, as whomever."""
    person, other = target.person(), target.person()
    browser = person.browser()
    for somebody in (person, other):
        name, value = browser.session
        browser.sign_in(somebody.name, somebody.password).expect(200)
        assert browser.session[1] != value
        for answer in each_worker(target, partial(target.client().get, ME, headers=[("cookie", f"{name}={value}")])):
            answer.unauthenticated()
        browser.ask("GET", ME).expect(200)
    name, value = browser.session
    token = browser.ask("GET", "/api/auth/csrf", headers=()).expect(200).json["csrf_token"]
    form = urlencode({"username": other.name, "password": other.password, "csrf_token": token}).encode()
    typed = [*browser.own, ("content-type", "application/x-www-form-urlencoded")]
    browser.ask("POST", "/sign-in", body=form, headers=typed).expect(303)
    target.client().get(ME, headers=[("cookie", f"{name}={value}")]).unauthenticated()
    browser.ask("GET", ME).expect(200)


def test_C13_signing_out(target):
    """After signing out the cookie is nobody's, the browser is told to forget, and no answer was kept by a cache."""
    browser = target.person().browser()
    assert browser.ask("GET", ME).expect(200).get("cache-control") == "no-store"
    name, value = browser.session
    gone = browser.ask("POST", "/api/auth/logout", json={}).expect(204)
    assert "cookies" in (gone.get("clear-site-data") or "")
    browser.client.get(ME, headers=[("cookie", f"{name}={value}")]).unauthenticated()


def test_C15_many_sign_ins(target):
    """Who signs in again and again keeps the newest few sessions; the oldest end, and the rest is not there."""
    person = target.person()
    browsers = []
    for _ in range(26):
        browsers.append(Browser(target))
        browsers[-1].sign_in(person.name, person.password).expect(200)
    listed = browsers[-1].ask("GET", "/api/auth/sessions").expect(200).json["data"]
    assert len(listed) == 20
    browsers[0].ask("GET", ME).unauthenticated()
    browsers[5].ask("GET", ME).unauthenticated()
    browsers[6].ask("GET", ME).expect(200)
    for _ in range(24):
        person.sign_in()
    browsers[-1].ask("GET", ME).expect(200)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_C19_read_by_other_sites(target, site):
    """A page of another site may not listen to, fetch or embed what a cookie opens; a link may lead here."""
    person = target.person()
    browser = person.browser()
    events = f"{open_run(person)}/events"
    for path in (ME, "/api/analyses", "/api/keys", events):
        for mode in ("no-cors", "cors", "same-origin", "websocket"):
            headers = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("accept", "text/event-stream")]
            answer = browser.ask("GET", path, headers=headers).refused(403)
            assert answer.get("cross-origin-resource-policy") == "same-origin"
            assert answer.get("x-content-type-options") == "nosniff"
    browser.ask("GET", ME, headers=[("sec-fetch-site", site), ("sec-fetch-mode", "navigate")]).expect(200)
    browser.ask("GET", ME, headers=[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]).expect(200)


def test_C17_odd_cookies(target):
    """A cookie that stands twice, is quoted, huge or foreign is refused, and nothing breaks."""
    browser = target.person().browser()
    name, value = browser.session
    for cookie in (
        f"{name}={value}; {name}={value}",
        f"{name}=a; {name}={value}",
        f'{name}="{value}"',
        f"{name}={'a' * 8000}",
        f"{name}=\xfc\xfc",
        f"{name}={value};{name}=",
        f"{name}={value}%00",
    ):
        browser.client.get(ME, headers=[("cookie", cookie)]).refused(400, 401)
    browser.client.get(ME, headers=[("cookie", f"{name}={value}"), ("cookie", f"{name}={value}")]).refused(400, 401)
    browser.client.get(ME, headers=[("cookie", f"{name}={value}"), bearer("x")]).refused(400)
    browser.ask("GET", ME).expect(200)


def test_C23_who_is_not_told_from_what_is_wrong(target):
    """An unknown name, a wrong password and one that shares its first 72 bytes are refused in one way."""
    long = "".join(secrets.token_urlsafe(30) for _ in range(5))
    name = f"long{time.monotonic_ns()}"
    made = {"username": name, "role": "viewer", "password": long[:120]}
    target.admin.client.post("/api/users", made).expect(201)
    bodies = set()
    for user in (f"nobody{time.monotonic_ns()}", name, name.upper()):
        answer = _tokens(target, user, "not-the-right-one-at-all").unauthenticated()
        bodies.add(str({**answer.json, "request_id": ""}))
    assert len(bodies) == 1
    for password in (long[:119], long[:121], long[:72], f"{long[:119]}\0", f" {long[:120]}", long[:120].swapcase()):
        _tokens(target, name, password).refused(401, 400)
    _tokens(target, name, long[:120]).expect(200)
    for user, password in (("admin", "admin"), ("root", "root"), ("admin", "password"), ("ultra", "ultra")):
        _tokens(target, user, password).refused(401)


def _tokens(target: Target, name: str, password: str) -> Answer:
    return target.client().post("/api/auth/token", {"username": name, "password": password})
