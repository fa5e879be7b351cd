"""Which credential a request presents: exactly one, found in its raw headers, never in its URL.

Two of them are refused, even when they are the same and even when one is the cookie that a browser adds by itself: what
a request may do must not depend on which of two is looked at first, and a bearer request without a cookie is what
makes it safe to ask it for no CSRF token. Pages therefore use the cookie alone, programs one header. Only the test
header may stand beside a session's cookie: it replaces it, good or bad, and the page's checks remain.
"""

import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl, unquote

from ultra.auth.api_keys import PREFIX as KEY_PREFIX
from ultra.auth.approach import Approach
from ultra.auth.cookies import BadCookie, Cookie
from ultra.auth.links import PREFIX as LINK_PREFIX
from ultra.auth.refresh import PREFIX as REFRESH_PREFIX
from ultra.auth.test_mode import HEADER as TEST_MODE
from ultra.domain.errors import InvalidRequest

Kind: TypeAlias = Literal["session", "token", "key", "test"]

_AUTHORIZATION, _X_API_KEY, _X_GOOG = b"authorization", b"x-api-key", b"x-goog-api-key"
_GEMINI = "/gemini/"
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] ([!-+\--~]{1,4096})")
"""The scheme, one space, and one word of visible ASCII without a comma."""
_BARE = re.compile(rb"[!-+\--~]{1,4096}")

_NAMES_IN_URL = frozenset(
    {
        "accesstoken",
        "apikey",
        "apitoken",
        "auth",
        "authorization",
        "authtoken",
        "bearer",
        "bearertoken",
        "clientsecret",
        "idtoken",
        "jwt",
        "key",
        "password",
        "refreshtoken",
        "secret",
        "session",
        "sessionid",
        "token",
        "xapikey",
        "xgoogapikey",
        "xtestmode",
    }
)
"""Without what is between their words: `api_key`, `Api-Key` and `apiKey` are one."""
_BRACKETS = re.compile(r"[\[\]]")
_BETWEEN = re.compile(r"[^a-z0-9]")
_SECRET_IN_URL = re.compile(f"{KEY_PREFIX}|{REFRESH_PREFIX}|eyJ[A-Za-z0-9_-]+\\.eyJ")
_SECRET_IN_PATH = re.compile(f"{_SECRET_IN_URL.pattern}|{LINK_PREFIX}")
"""Links stand in queries, where they are meant to."""
_MOST_PARAMETERS = 200


@dataclass(frozen=True, slots=True)
class Presented:
    """The one credential of a request: what kind, and its text. `text` None: it is there and cannot be a good one."""

    kind: Kind
    text: str | None = field(repr=False)


def find(approach: Approach, *, cookie: Cookie, honours_test_mode: bool) -> Presented | None:
    """Return the credential of a request, or None when it presents none.

    Raises `InvalidRequest` with code `credential_in_url` or `two_credentials`. `X-Test-Mode` counts only where it is
    honoured; elsewhere it is not there.
    """
    if is_credential_in_url(approach.raw_path, approach.query):
        raise InvalidRequest(
            "A credential must not stand in a URL, where logs and proxies keep it.",
            hint="Send it as an Authorization or X-API-Key header, and replace it: it may have been seen.",
            code="credential_in_url",
        )
    found = [_from_authorization(value) for value in _values(approach, _AUTHORIZATION)]
    found += [_from_key_header(value) for value in _values(approach, _X_API_KEY)]
    if approach.path.startswith(_GEMINI):
        found += [_from_key_header(value) for value in _values(approach, _X_GOOG)]
    headers = [Presented("test", _ascii(value)) for value in _values(approach, TEST_MODE)] if honours_test_mode else []
    cookies = _from_cookie(approach, cookie)
    found += headers or cookies
    if len(found) > 1:
        raise InvalidRequest(
            "The request presents more than one credential.",
            hint="Send one of Authorization, X-API-Key or the session cookie, once.",
            code="two_credentials",
        )
    return found[0] if found else None


def is_credential_in_url(path: bytes, query: bytes) -> bool:
    """Whether a URL has a parameter that is named like a credential, or something that looks like one of Ultra's."""
    text = query.decode("latin-1")
    if _SECRET_IN_URL.search(unquote(path.decode("latin-1"))) or _SECRET_IN_URL.search(unquote(text)):
        return True
    try:
        pairs = parse_qsl(text.replace(";", "&"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise InvalidRequest("The URL has too many parameters.", code="query") from None
    return any(_BETWEEN.sub("", part.lower()) in _NAMES_IN_URL for name, _ in pairs for part in _BRACKETS.split(name))


def is_credential_in_path(path: str) -> bool:
    """Whether a decoded path has something in it that looks like a credential, which no line may repeat."""
    return _SECRET_IN_PATH.search(path) is not None or (
        "%" in path and _SECRET_IN_PATH.search(unquote(path)) is not None
    )


def _values(approach: Approach, wanted: bytes) -> list[bytes]:
    return [value for name, value in approach.headers if name == wanted]


def _from_authorization(value: bytes) -> Presented:
    shape = _BEARER.fullmatch(value)
    if shape is None:
        return Presented("token", None)
    text = shape[1].decode("ascii")
    return Presented("key" if text.startswith(KEY_PREFIX) else "token", text)


def _from_key_header(value: bytes) -> Presented:
    return Presented("key", value.decode("ascii") if _BARE.fullmatch(value) else None)


def _from_cookie(approach: Approach, cookie: Cookie) -> list[Presented]:
    try:
        text = cookie.read(approach.headers)
    except BadCookie:
        return [Presented("session", None)]
    return [] if text is None else [Presented("session", text)]


def _ascii(value: bytes) -> str | None:
    return value.decode("ascii") if value.isascii() else None
