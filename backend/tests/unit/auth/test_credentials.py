"""Exactly one credential per request."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.auth.approach import Approach
from ultra.auth.cookies import session_cookie
from ultra.auth.credentials import find, is_credential_in_url
from ultra.domain.errors import InvalidRequest

KEY = "ultra_sk_test_" + "A" * 8 + "_" + "B" * 43 + "_" + "C" * 6
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0." + "A" * 43
COOKIE = session_cookie(secure=True)
BEARER = (b"authorization", f"Bearer {JWT}".encode())
BEARER_KEY = (b"authorization", f"Bearer {KEY}".encode())
X_API_KEY = (b"x-api-key", KEY.encode())
X_GOOG = (b"x-goog-api-key", KEY.encode())
SESSION = (b"cookie", b"__Host-ultra=abc")
TEST = (b"x-test-mode", b"v1.admin.ann.1.nonce.mac")


def approach(*headers: tuple[bytes, bytes], path: str = "/v1/models", query: bytes = b"") -> Approach:
    """Return a request with these headers."""
    return Approach(method="GET", path=path, raw_path=path.encode(), query=query, headers=headers)


def presented(*headers: tuple[bytes, bytes], path: str = "/v1/models", honours_test_mode: bool = True):
    """Return kind and text of the credential, None when there is none."""
    found = find(approach(*headers, path=path), cookie=COOKIE, honours_test_mode=honours_test_mode)
    return None if found is None else (found.kind, found.text)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (BEARER, ("token", JWT)),
        (BEARER_KEY, ("key", KEY)),
        ((b"authorization", f"bearer {KEY}".encode()), ("key", KEY)),
        ((b"authorization", f"BEARER {JWT}".encode()), ("token", JWT)),
        (X_API_KEY, ("key", KEY)),
        ((b"x-api-key", JWT.encode()), ("key", JWT)),
        (SESSION, ("session", "abc")),
        (TEST, ("test", TEST[1].decode())),
    ],
)
def test_each_spelling_is_found(header, wanted) -> None:
    """One header, one kind."""
    assert presented((b"host", b"x"), header) == wanted


def test_nothing_is_nothing() -> None:
    """Without a credential there is none; the pre-session cookie is none either."""
    assert presented((b"host", b"x"), (b"cookie", b"__Host-ultra-pre=abc; other=1")) is None


def test_googles_header_counts_on_its_own_routes_only() -> None:
    """Elsewhere it is not looked at."""
    assert presented(X_GOOG, path="/gemini/v1beta/models/m:generateContent") == ("key", KEY)
    for path in ("/v1/models", "/api/keys", "/geminix", "/v1/gemini/x"):
        assert presented(X_GOOG, path=path) is None
        assert presented(X_GOOG, BEARER, path=path) == ("token", JWT)


def test_the_test_header_is_not_there_unless_honoured() -> None:
    """Neither as a credential nor as a second one."""
    assert presented(TEST, honours_test_mode=False) is None
    assert presented(TEST, TEST, BEARER, honours_test_mode=False) == ("token", JWT)


ALL = [BEARER, BEARER_KEY, X_API_KEY, X_GOOG, SESSION, TEST]


PAIRS = [pair for pair in itertools.combinations_with_replacement(ALL, 2) if pair != (SESSION, TEST)]


@pytest.mark.parametrize("pair", PAIRS)
def test_two_are_refused(pair) -> None:
    """Whichever two, even the same twice, even the cookie beside a bearer."""
    with pytest.raises(InvalidRequest) as caught:
        presented(*pair, path="/gemini/v1/models")
    assert caught.value.code in ("two_credentials", "bad_cookie")
    assert KEY not in caught.value.message


def test_the_test_header_replaces_a_session() -> None:
    """Good or bad, the header is judged and the cookie is not; two cookies, or anything else beside it, are refused."""
    assert presented(SESSION, TEST) == presented(TEST, SESSION) == ("test", TEST[1].decode())
    assert presented(SESSION, (b"x-test-mode", b"\xff")) == ("test", None)
    assert presented((b"cookie", b"__Host-ultra="), TEST) == ("test", TEST[1].decode())
    assert presented(SESSION, TEST, honours_test_mode=False) == ("session", "abc")
    for more in ((SESSION, SESSION, TEST), (SESSION, TEST, TEST), (SESSION, TEST, BEARER)):
        with pytest.raises(InvalidRequest):
            presented(*more)


def test_a_bad_one_beside_a_good_one_is_two() -> None:
    """An empty or foreign header does not make way for another."""
    for bad in (
        (b"authorization", b""),
        (b"authorization", b"Basic eA=="),
        (b"x-api-key", b""),
    ):
        with pytest.raises(InvalidRequest):
            presented(bad, TEST)
        with pytest.raises(InvalidRequest):
            presented(bad, SESSION)
    with pytest.raises(InvalidRequest):
        presented((b"cookie", b"__Host-ultra="), BEARER)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer  " + JWT.encode(),
        b"Bearer\t" + JWT.encode(),
        b" Bearer " + JWT.encode(),
        b"Bearer " + JWT.encode() + b" ",
        b"Bearer " + JWT.encode() + b" x",
        b"Bearer " + JWT.encode() + b",Bearer " + JWT.encode(),
        b"Bearer " + JWT.encode() + b"," + JWT.encode(),
        b"Bearer caf\xc3\xa9",
        b"Bearer \xff",
        b"Bearer a\x00b",
        b"Bearer a\x7fb",
        b"Bearer " + b"A" * 4097,
        b"Basic YTpi",
        b"Token " + KEY.encode(),
        KEY.encode(),
        b"Bearer:" + KEY.encode(),
        b"' OR '1'='1",
    ],
)
def test_an_odd_authorization_is_there_and_bad(value) -> None:
    """It is not overlooked, and no text is taken from it."""
    assert presented((b"authorization", value)) == ("token", None)


@pytest.mark.parametrize("value", [b"", b" " + KEY.encode(), KEY.encode() + b" ", b"\xff", b"a b", b"a,b", b"A" * 4097])
def test_an_odd_key_header_is_there_and_bad(value) -> None:
    """The same for a key's own header."""
    assert presented((b"x-api-key", value)) == ("key", None)


def test_an_odd_cookie_is_there_and_bad() -> None:
    """A value that was never set is a bad credential; two are a bad request."""
    assert presented((b"cookie", b'__Host-ultra="abc"')) == ("session", None)
    with pytest.raises(InvalidRequest) as caught:
        presented((b"cookie", b"__Host-ultra=a; __Host-ultra=b"))
    assert caught.value.code == "bad_cookie"


def test_an_odd_test_header_is_there_and_bad() -> None:
    """Non-ASCII is nothing that was signed."""
    assert presented((b"x-test-mode", b"\xff")) == ("test", None)


@pytest.mark.parametrize(
    "query",
    [
        b"api_key=x",
        b"key=x",
        b"access_token=x",
        b"token=x",
        b"a=1&key=",
        b"KEY=x",
        b"Api-Key=x",
        b"%6bey=x",
        b"x-api-key=x",
        b"x-goog-api-key=x",
        b"refresh_token=x",
        b"password=x",
        b"%20key%20=x",
        b"apiKey=x",
        b"authToken=x",
        b"bearer_token=x",
        b"a=1;api_key=x",
        b"key[]=x",
        b"a%5Bapi_key%5D=x",
        b"q=" + KEY.encode(),
        b"q=ultra%5Fsk_test",
        b"ultra_rt_abc",
        b"q=" + JWT.encode(),
    ],
)
def test_a_url_holds_no_credential(query) -> None:
    """By name or by look, in any spelling, whatever else is sent."""
    for headers in ((), (BEARER,)):
        with pytest.raises(InvalidRequest) as caught:
            find(approach(*headers, query=query), cookie=COOKIE, honours_test_mode=False)
        assert caught.value.code == "credential_in_url"
        assert KEY not in caught.value.message


def test_a_path_holds_no_credential() -> None:
    """A key in a path would stand in every log."""
    assert is_credential_in_url(f"/v1/models/{KEY}".encode(), b"")
    assert is_credential_in_url(b"/v1/models/ultra%5fsk%5ftest", b"")


@pytest.mark.parametrize(
    "query", [b"", b"limit=5&cursor=abc", b"keys=1", b"monkey=1", b"tokens=5", b"q=key", b"q=eyJ", b"\xff=1"]
)
def test_other_parameters_are_nobodys_business(query) -> None:
    """What is neither named nor looks like a credential passes."""
    assert not is_credential_in_url(b"/api/keys/key_1", query)


def test_too_many_parameters_are_refused() -> None:
    """A query is read within bounds."""
    with pytest.raises(InvalidRequest):
        is_credential_in_url(b"/", b"&".join([b"a=1"] * 201))
    assert not is_credential_in_url(b"/", b"&".join([b"a=1"] * 200))


def test_nothing_of_it_is_shown() -> None:
    """Neither the headers nor the text are in a repr."""
    request = approach(BEARER_KEY)
    assert KEY not in repr(request)
    assert KEY not in repr(find(request, cookie=COOKIE, honours_test_mode=False))


@given(
    headers=st.lists(
        st.tuples(st.sampled_from([b"authorization", b"x-api-key", b"cookie", b"x-test-mode"]), st.binary(max_size=60)),
        max_size=4,
    ),
    query=st.binary(max_size=60),
)
def test_any_bytes_give_one_credential_or_a_refusal(headers, query) -> None:
    """Nothing else is raised, and text is visible ASCII."""
    try:
        found = find(approach(*headers, query=query), cookie=COOKIE, honours_test_mode=True)
    except InvalidRequest:
        return
    assert found is None or found.text is None or found.text.isascii()
