"""Against requests that another site makes a browser send."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.system import FakeSystem
from ultra.auth.approach import Approach
from ultra.auth.cookies import pre_session_cookie, session_cookie
from ultra.auth.csrf import Csrf
from ultra.domain.errors import Forbidden, UnsupportedMedia

ORIGIN = "https://ultra.example"
SESSION = (b"cookie", b"__Host-ultra=session-one")
PRE = (b"cookie", b"__Host-ultra-pre=before")
JSON = (b"content-type", b"application/json")
HERE = (b"origin", ORIGIN.encode())
SAME = (b"sec-fetch-site", b"same-origin")


def guard(key: bytes = b"k" * 32) -> Csrf:
    """Return a guard of one origin."""
    return Csrf(
        key=key,
        origins=[ORIGIN],
        session=session_cookie(secure=True),
        pre_session=pre_session_cookie(secure=True),
        system=FakeSystem(),
    )


def approach(*headers: tuple[bytes, bytes], method: str = "POST") -> Approach:
    """Return a request with a body and these headers."""
    return Approach(
        method=method, path="/api/keys", raw_path=b"/api/keys", query=b"", headers=[(b"content-length", b"2"), *headers]
    )


def token_for(bound_to: str = "session-one", csrf: Csrf | None = None) -> tuple[bytes, bytes]:
    """Return a good token's header."""
    return b"x-csrf-token", (csrf or guard()).sign(bound_to).encode()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post", "PROPFIND"])
def test_all_three_together_pass(method) -> None:
    """Same origin, the session's token, JSON."""
    assert guard().judge(approach(SESSION, SAME, HERE, token_for(), JSON, method=method)) is None
    assert guard().judge(approach(SESSION, HERE, token_for(), JSON, method=method)) is None
    assert guard().judge(approach(SESSION, (b"sec-fetch-site", b"none"), token_for(), JSON, method=method)) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "get", "TRACE"])
def test_without_a_token_nothing_passes(method) -> None:
    """Every method that is not safe needs one, in exactly this spelling."""
    assert guard().judge(approach(SESSION, SAME, JSON, method=method)) == "token"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_safe_methods_need_nothing(method) -> None:
    """They change nothing."""
    assert guard().judge(approach(SESSION, method=method)) is None


@pytest.mark.parametrize(
    "headers",
    [
        [(b"origin", b"https://evil.example")],
        [(b"origin", b"null")],
        [(b"origin", b"")],
        [(b"origin", b"http://ultra.example")],
        [(b"origin", b"https://ultra.example:8443")],
        [(b"origin", b"https://ultra.example.evil.com")],
        [(b"origin", b"https://evil.com#ultra.example")],
        [(b"origin", b"https://ultra.example/")],
        [(b"origin", b"HTTPS://ULTRA.EXAMPLE")],
        [],
        [HERE, HERE],
        [HERE, (b"origin", b"https://evil.example")],
        [(b"sec-fetch-site", b"cross-site")],
        [(b"sec-fetch-site", b"same-site")],
        [(b"sec-fetch-site", b"")],
        [(b"sec-fetch-site", b"cross-site"), HERE],
        [SAME, (b"sec-fetch-site", b"cross-site")],
        [SAME, SAME],
        [SAME, (b"origin", b"https://evil.example")],
        [SAME, (b"origin", b"null")],
        [(b"referer", b"https://ultra.example/")],
    ],
)
def test_what_does_not_come_from_here_is_refused(headers) -> None:
    """Even with a valid token; a referrer is no origin."""
    assert guard().judge(approach(SESSION, *headers, token_for(), JSON)) == "cross_site"


@pytest.mark.parametrize(
    "content_type",
    [
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"text/plain; application/json",
        b"application/jsonx",
        b"application/json; charset=utf-8",
        b"application/json,text/plain",
        b" application/json",
        b"",
    ],
)
def test_only_json_is_read(content_type) -> None:
    """A form of another site cannot send it without asking first."""
    headers = (SESSION, SAME, token_for(), (b"content-type", content_type))
    assert guard().judge(approach(*headers)) == "content_type"


def test_a_body_without_a_type_is_refused_and_nothing_needs_none() -> None:
    """A body has one content type; where there is no body there is nothing to misread."""
    assert guard().judge(approach(SESSION, SAME, token_for())) == "content_type"
    assert guard().judge(approach(SESSION, SAME, token_for(), JSON, JSON)) == "content_type"
    assert guard().judge(approach(SESSION, SAME, token_for(), (b"content-type", b"Application/JSON"))) is None

    def bare(*more: tuple[bytes, bytes]) -> Approach:
        headers = [SESSION, SAME, token_for(), *more]
        return Approach(method="DELETE", path="/", raw_path=b"/", query=b"", headers=headers)

    assert guard().judge(bare()) is None
    assert guard().judge(bare((b"content-length", b"0"))) is None
    assert guard().judge(bare((b"content-length", b"0"), (b"content-type", b"text/plain"))) == "content_type"
    assert guard().judge(bare((b"transfer-encoding", b"chunked"))) == "content_type"
    assert guard().judge(bare((b"content-length", b"0"), (b"content-length", b"2"))) == "content_type"


def test_a_token_is_bound_to_its_session() -> None:
    """Another session's, another key's and a token from before signing in are not good."""
    csrf = guard()
    for header in (
        token_for("session-two"),
        token_for("before"),
        token_for(csrf=guard(b"j" * 32)),
        (b"x-csrf-token", b""),
        (b"x-csrf-token", b"0" * 64 + b"." + b"0" * 64),
    ):
        assert csrf.judge(approach(SESSION, PRE, SAME, header, JSON)) == "token"
    assert csrf.judge(approach(SESSION, SAME, token_for(), token_for(), JSON)) == "token"


def test_before_signing_in_the_other_cookie_binds() -> None:
    """Signing in is protected; with no cookie at all there is nothing to be bound to."""
    csrf = guard()
    assert csrf.judge(approach(PRE, SAME, token_for("before"), JSON)) is None
    assert csrf.judge(approach(SAME, token_for("before"), JSON)) == "token"
    assert csrf.judge(approach(SAME, token_for(""), JSON)) == "token"
    assert csrf.judge(approach((b"cookie", b"__Host-ultra="), SAME, token_for(""), JSON)) == "token"


def test_a_page_gets_a_token_and_where_needed_a_cookie() -> None:
    """With a session or pre-session no cookie is set; else a pre-session, to which the token is bound."""
    csrf = guard()
    for cookie in (SESSION, PRE):
        issued = csrf.issue([cookie])
        assert issued.set_cookie is None
        assert csrf.fits(issued.token, approach(cookie))
    issued = csrf.issue([])
    name, _, rest = issued.set_cookie.partition("=")
    assert name == "__Host-ultra-pre"
    assert csrf.fits(issued.token, approach((b"cookie", f"{name}={rest.split(';')[0]}".encode())))
    assert csrf.issue([]).token != issued.token


def test_a_token_has_two_hexadecimal_halves() -> None:
    """`hex(hmac).hex(random)`, another one each time, and no part of the session's id."""
    csrf = guard()
    tokens = {csrf.sign("session-one") for _ in range(3)}
    assert len(tokens) == 3
    assert all(re.fullmatch(r"[0-9a-f]{64}\.[0-9a-f]{64}", token) for token in tokens)


def test_any_changed_character_makes_a_token_bad() -> None:
    """Both halves are covered, and upper case is another text."""
    csrf = guard()
    token = csrf.sign("session-one")
    for place in range(len(token)):
        other = "0" if token[place] != "0" else "1"
        assert not csrf.fits(token[:place] + other + token[place + 1 :], approach(SESSION))
    assert not csrf.fits(token + " ", approach(SESSION))
    assert not csrf.fits("٠" * 64 + token[64:], approach(SESSION))


def test_length_and_content_cannot_be_exchanged() -> None:
    """An id and a random part that are cut elsewhere do not give the same token."""
    csrf = guard()
    assert csrf._mac("a!1!b", "c") != csrf._mac("a", "1!b!1!c")


def test_a_form_carries_its_token_in_a_field() -> None:
    """Pages' forms have a form's own content type, and JSON is not read there; the header does not count."""
    csrf = guard()
    form = (b"content-type", b"application/x-www-form-urlencoded")
    token = csrf.sign("session-one")
    assert csrf.judge(approach(SESSION, SAME, form), form_token=token) is None
    assert csrf.judge(approach(SESSION, SAME, JSON), form_token=token) == "content_type"
    assert csrf.judge(approach(SESSION, SAME, form, token_for()), form_token="") == "token"
    assert csrf.judge(approach(SESSION, SAME, form), form_token="\ud800") == "token"
    assert csrf.judge(approach(SESSION, form), form_token=token) == "cross_site"


@pytest.mark.parametrize(
    ("cookie", "comes"),
    [
        (b"__Host-ultra=session-one", True),
        (b"a=b; __Host-ultra=anything", True),
        (b"__Host-ultra=", True),
        (b"__Host-ultra=a; __Host-ultra=b", True),
        (b"__Host-ultra-pre=x", False),
        (b"ultra=x", False),
    ],
)
def test_a_sessions_cookie_is_noticed_whatever_it_is_worth(cookie, comes) -> None:
    """Twice, empty or unknown, it came from a browser; other cookies are nobody's."""
    assert guard().concerns([(b"cookie", cookie)]) is comes
    assert not guard().concerns([])


def test_refusals_have_their_errors() -> None:
    """403 for the first two checks, 415 for the third."""
    csrf = guard()
    csrf.protect(approach(SESSION, SAME, token_for(), JSON))
    with pytest.raises(Forbidden) as caught:
        csrf.protect(approach(SESSION, SAME, JSON))
    assert caught.value.code == "csrf"
    with pytest.raises(Forbidden):
        csrf.protect(approach(SESSION, token_for(), JSON))
    with pytest.raises(UnsupportedMedia):
        csrf.protect(approach(SESSION, SAME, token_for()))


def test_a_short_key_is_refused() -> None:
    """32 bytes at least."""
    with pytest.raises(ValueError, match="shorter"):
        guard(b"k" * 31)


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from([b"cookie", b"origin", b"sec-fetch-site", b"x-csrf-token", b"content-type"]), st.binary()
        ),
        max_size=6,
    )
)
def test_no_headers_break_the_guard_or_get_through(headers) -> None:
    """Without a token nothing passes, whatever is sent."""
    assert guard().judge(approach(*headers)) is not None
