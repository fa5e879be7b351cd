"""Against requests that another site makes a browser send: three checks, each of which must pass.

1. Where it comes from: Fetch Metadata says same-origin (or that a person did it); an `Origin` that is sent must be
   Ultra's, and must be sent when there is no Fetch Metadata.
2. A token bound to the session, or before sign-in to the pre-session cookie (OWASP's signed double submit).
3. A content type that no form of another site can send; page forms, which have a form's own, carry their token in a
   field.

Only unsafe requests that a session's cookie comes with need this, and sign-in itself: another site must not sign a
browser in as somebody else.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ultra.auth.approach import Approach
from ultra.auth.cookies import BadCookie, Cookie
from ultra.auth.encodings import same
from ultra.domain.errors import Forbidden, InvalidRequest, UnsupportedMedia
from ultra.system import System

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER = b"x-csrf-token"
FIELD = "csrf_token"

_TOKEN = re.compile(r"([0-9a-f]{64})\.([0-9a-f]{64})")
_JSON = b"application/json"
_FORM = b"application/x-www-form-urlencoded"
_LEAST_BYTES = 32

Cause: TypeAlias = Literal["cross_site", "token", "content_type"]
"""Which of the three checks failed."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token for a page, and the `Set-Cookie` value that goes with it when its browser had no cookie yet."""

    token: str
    set_cookie: str | None


def checked_key(key: bytes) -> bytes:
    """Return a key that is long enough; raises `ValueError` for another."""
    if len(key) < _LEAST_BYTES:
        raise ValueError(f"The CSRF key is shorter than {_LEAST_BYTES} bytes.")
    return key


class Csrf:
    """Issues and checks tokens.

    `origins` are the addresses that browsers use for Ultra, such as `https://ultra.example`. A token is bound to the
    session cookie's value, or to the pre-session cookie's where there is no session cookie; signing in sets another
    session cookie, so no token from before it is good afterwards.
    """

    def __init__(
        self, *, key: bytes, origins: Iterable[str], session: Cookie, pre_session: Cookie, system: System
    ) -> None:
        self._key = checked_key(key)
        self._origins = frozenset(origin.encode("ascii") for origin in origins)
        self._session = session
        self._pre_session = pre_session
        self._system = system

    def replace_key(self, key: bytes) -> None:
        """Sign and check with another key; pages that are open have to be loaded again."""
        self._key = checked_key(key)

    def issue(self, headers: Sequence[tuple[bytes, bytes]]) -> IssuedToken:
        """Return a token for whoever sent these headers."""
        bound_to = self.binding(headers)
        if bound_to is not None:
            return IssuedToken(self.sign(bound_to), None)
        beginning = self._system.token()
        return IssuedToken(self.sign(beginning), self._pre_session.given(beginning))

    def sign(self, bound_to: str) -> str:
        """Return a token for a cookie's value: `hex(hmac).hex(random)`."""
        chance = hashlib.sha256(self._system.token().encode("utf-8")).hexdigest()
        return f"{self._mac(bound_to, chance)}.{chance}"

    def fits(self, token: str, approach: Approach) -> bool:
        """Whether a token was issued, with this key, for the session or pre-session of this request."""
        bound_to = self.binding(approach.headers)
        shape = _TOKEN.fullmatch(token)
        return bound_to is not None and shape is not None and same(shape[1], self._mac(bound_to, shape[2]))

    def binding(self, headers: Sequence[tuple[bytes, bytes]]) -> str | None:
        """Return the cookie value that tokens of this browser are bound to, None when there is none to trust."""
        try:
            return self._session.read(headers) or self._pre_session.read(headers)
        except (BadCookie, InvalidRequest):
            return None

    def concerns(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether a session's cookie came along, whatever it is worth."""
        try:
            return self._session.read(headers) is not None
        except (BadCookie, InvalidRequest):
            return True

    def judge(self, approach: Approach, *, form_token: str | None = None) -> Cause | None:
        """Return which check a request fails, or None.

        `form_token` is the field of a page's form; giving it, even empty, means that this route reads forms.
        """
        if approach.method in SAFE_METHODS:
            return None
        sent: dict[bytes, list[bytes]] = {}
        for name, value in approach.headers:
            sent.setdefault(name, []).append(value)
        if not self._is_ours(sent):
            return "cross_site"
        tokens = [value.decode("latin-1") for value in sent.get(HEADER, [])] if form_token is None else [form_token]
        if len(tokens) != 1 or not self.fits(tokens[0], approach):
            return "token"
        return None if _is_typed(sent, _JSON if form_token is None else _FORM) else "content_type"

    def protect(self, approach: Approach, *, form_token: str | None = None) -> None:
        """Raise `Forbidden` or `UnsupportedMedia` for a request that fails `judge`."""
        cause = self.judge(approach, form_token=form_token)
        if cause == "content_type":
            raise UnsupportedMedia("The Content-Type must be exactly application/json.", code="content_type")
        if cause is not None:
            raise Forbidden(
                "This request does not come from a page of this server.",
                hint="Get a token from /api/auth/csrf and send it as X-CSRF-Token, with this server's Origin.",
                code="csrf",
            )

    def _is_ours(self, sent: dict[bytes, list[bytes]]) -> bool:
        sites, origins = sent.get(b"sec-fetch-site", []), sent.get(b"origin", [])
        if len(sites) > 1 or len(origins) > 1 or not (sites or origins):
            return False
        return all(site in (b"same-origin", b"none") for site in sites) and self._origins.issuperset(origins)

    def _mac(self, bound_to: str, chance: str) -> str:
        message = f"{len(bound_to)}!{bound_to}!{len(chance)}!{chance}"
        return hmac.new(self._key, message.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _is_typed(sent: dict[bytes, list[bytes]], wanted: bytes) -> bool:
    """Whether the body is of the wanted type. A request without a body needs none: there is nothing to misread."""
    types = sent.get(b"content-type", [])
    has_body = b"transfer-encoding" in sent or any(length != b"0" for length in sent.get(b"content-length", []))
    if not types and not has_body:
        return True
    return len(types) == 1 and types[0].lower() == wanted
