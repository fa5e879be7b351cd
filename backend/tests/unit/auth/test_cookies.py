"""Cookies: attributes, and reading one value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.auth.cookies import BadCookie, Cookie, pre_session_cookie, session_cookie
from ultra.domain.errors import InvalidRequest

SECURE = session_cookie(secure=True)
PLAIN = session_cookie(secure=False)
VALUE = "A" * 43


def headers(*values: bytes) -> list[tuple[bytes, bytes]]:
    """Cookie headers among others."""
    return [(b"host", b"ultra.example"), *((b"cookie", value) for value in values)]


@pytest.mark.parametrize("cookie", [SECURE, pre_session_cookie(secure=True)])
def test_a_cookie_over_https_is_locked_to_its_host(cookie: Cookie) -> None:
    """Set and removed with the same name and attributes, and without a domain."""
    for text in (cookie.given(VALUE), cookie.taken()):
        name, *attributes = text.split("; ")
        assert name.startswith("__Host-ultra")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
        assert not [each for each in attributes if each.lower().startswith("domain")]
        assert len(text) < 4096
    lasting = set(cookie.given("").split("; ")) - set(cookie.taken().split("; "))
    assert [each.partition("=")[0] for each in lasting] == ["Max-Age"]
    assert "Max-Age=0" in cookie.taken()


def test_a_cookie_on_loopback_has_the_bare_name() -> None:
    """Browsers would not take the prefix or Secure over http."""
    assert PLAIN.given(VALUE) == f"ultra={VALUE}; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax"
    assert pre_session_cookie(secure=False).name == "ultra-pre"


def test_the_cookies_have_different_names() -> None:
    """A pre-session is never read as a session."""
    assert pre_session_cookie(secure=True).read(headers(f"__Host-ultra={VALUE}".encode())) is None


@pytest.mark.parametrize(
    "line",
    [
        b"__Host-ultra=%s",
        b"a=b; __Host-ultra=%s",
        b"__Host-ultra=%s;a=b",
        b' a="\xff;__Host-ultra=%s ',
        b"a;;=;__Host-ultra=%s",
    ],
)
def test_the_value_is_found_among_others(line: bytes) -> None:
    """Whatever other cookies look like."""
    assert SECURE.read(headers(line.replace(b"%s", VALUE.encode()))) == VALUE
    assert SECURE.read(headers(b"x=y", line.replace(b"%s", VALUE.encode()))) == VALUE


def test_cookies_may_be_as_large_as_browsers_make_them() -> None:
    """16 KiB in all."""
    assert SECURE.read(headers(b"x=" + b"y" * (16_384 - 2))) is None
    with pytest.raises(InvalidRequest):
        SECURE.read(headers(b"x=" + b"y" * (16_384 - 1)))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"ultra=x",
        b"__host-ultra=x",
        b"x__Host-ultra=x",
        b"__Host-ultra-pre=x",
        b"a=__Host-ultra=x",
        b"__Host-ultra"[:-1],
    ],
)
def test_another_name_is_another_cookie(line: bytes) -> None:
    """Names count in their exact spelling; over https the bare one is not looked at."""
    assert SECURE.read(headers(line)) is None


@pytest.mark.parametrize(
    "lines",
    [
        (b"__Host-ultra=a; __Host-ultra=b",),
        (b"__Host-ultra=a; __Host-ultra=a",),
        (b"__Host-ultra=a", b"__Host-ultra=b"),
        (b"__Host-ultra=a; __Host-ultra",),
        (b"x=" + b"y" * 17_000,),
        (b"x=" + b"y" * 9000, b"x=" + b"y" * 9000),
    ],
)
def test_twice_or_too_large_is_a_bad_request(lines: tuple[bytes, ...]) -> None:
    """Which of two counts must not be a matter of taste."""
    with pytest.raises(InvalidRequest):
        SECURE.read(headers(*lines))


@pytest.mark.parametrize(
    "value", [b"", b'"abc"', b"a b", b"\xc3\xa9", b"a" * 129, b"a" * 8192, b"a=b", b"a,b", b"%41", b"a\x00", b"a\tb"]
)
def test_a_value_that_was_never_set_is_bad(value: bytes) -> None:
    """Quoted, escaped, non-ASCII or long values are nothing of Ultra's."""
    with pytest.raises(BadCookie):
        SECURE.read(headers(b"__Host-ultra=" + value))


@given(lines=st.lists(st.binary(max_size=60), max_size=4))
def test_any_bytes_are_read_or_refused(lines: list[bytes]) -> None:
    """No header breaks the reader."""
    for cookie in (SECURE, PLAIN):
        try:
            value = cookie.read(headers(*lines))
        except (BadCookie, InvalidRequest):
            continue
        assert value is None or value.isascii()
