"""H: what the gate refuses a browser is a page, with all that every answer has."""

from tests.blackbox.asking import Answer
from tests.blackbox.targets import Target, bearer

BROWSER = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
_FORM = ("content-type", "application/x-www-form-urlencoded")


def is_page(answer: Answer, status: int) -> Answer:
    """Check that a refusal is a whole page, as safe as every page."""
    assert answer.status == status, answer.text[:600]
    assert answer.get("content-type") == "text/html; charset=utf-8"
    policy = answer.get("content-security-policy") or ""
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert answer.get("cache-control") == "no-store"
    assert answer.get("x-frame-options") == "DENY"
    request_id = answer.get("x-request-id")
    assert request_id
    assert request_id in answer.text
    assert "<h1>" in answer.text
    return answer


def test_H09_a_browser_reads_pages(target):
    """Whatever the gate refuses at a page's address, a browser reads why, and a program gets the problem document."""
    cases: tuple[tuple[str, str, int, bytes | None, list[tuple[str, str]]], ...] = (
        ("POST", "/sign-in", 403, b"username=a&password=b", [_FORM]),
        ("POST", "/sign-in", 400, b"{}", [("content-type", "application/json")]),
        ("POST", "/sign-out", 401, b"csrf_token=x", [_FORM]),
        ("PUT", "/sign-in", 405, b"", []),
        ("GET", "/nothing", 404, None, []),
        ("GET", "/?api_key=x", 400, None, []),
        ("GET", "/sign-in", 400, None, [("host", "evil.example")]),
        ("HEAD", "/nothing", 404, None, []),
    )
    for method, path, status, body, headers in cases:
        client = target.client()
        page = client.ask(method, path, body=body, headers=[*headers, BROWSER])
        if method == "HEAD":
            assert (page.status, page.body, page.get("content-type")) == (status, b"", "text/html; charset=utf-8")
        else:
            is_page(page, status)
            client.ask(method, path, body=body, headers=headers).refused(status)


def test_H09_a_flood_reads_pages(target):
    """Too many requests are told in a page too, with when to come back."""
    client = target.client()
    for _ in range(100):
        answer = client.ask("POST", "/sign-in", body=b"a=b", headers=[_FORM, BROWSER])
        if answer.status == 429:
            break
    assert (is_page(answer, 429).get("retry-after") or "").isdigit()


def test_H09_markup_in_an_address_stays_text(target):
    """Nothing of what was sent becomes part of the page."""
    evil = "<script>alert(1)</script>"
    for path in ("/%3Cscript%3Ealert(1)%3C/script%3E", "/sign-in?link=%3Cscript%3Ealert(1)%3C/script%3E"):
        answer = target.client().get(path, headers=[BROWSER, ("x-request-id", evil)])
        assert "<script" not in answer.text


def test_H09_programs_read_no_pages(target: Target):
    """At an address of a program nobody gets a page."""
    for path in ("/api/keys", "/v1/models", "/api/nothing"):
        target.client().get(path, headers=[BROWSER]).refused(401, 404)
    target.client([bearer("x")]).get("/api/auth/me", headers=[BROWSER]).unauthenticated()
