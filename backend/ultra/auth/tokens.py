"""Access tokens of API clients: JWTs of ten minutes, one algorithm, strictly one spelling.

Everything that a JWT library has been talked into elsewhere is refused before the library sees the token: other
algorithms, keys named inside the token, `crit`, compression, a second spelling of the same bytes. RFC 8725 and
RFC 9068 (`at+jwt`) say why. A token says who and which sign-in; roles and state are read from the store for each
request.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt
from jwt.utils import base64url_decode, base64url_encode

from ultra.auth.key_ring import KeyRing
from ultra.domain.errors import InvalidRequest
from ultra.protocols import strict_json
from ultra.system import System

AUDIENCE = "ultra-api"
LIFETIME_S = 600
LEEWAY_S = 30
SPREAD_S = 10.0
"""After a reload, until every worker has read the new keys as well."""

_ALGORITHM = "HS256"
_TYPE = "at+jwt"
_HEADER = frozenset({"alg", "typ", "kid"})
_TEXTS = ("iss", "aud", "sub", "sid", "jti")
_NUMBERS = ("iat", "nbf", "exp", "ver")
_SHAPE = re.compile(r"[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{1,3027}\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""Three parts of base64url, 4096 characters in all. The last is 32 bytes: 43 characters whose last carries two bits
that must be zero, or four spellings would decode alike."""
_TEXT = re.compile(r"[!-~]{1,200}")
"""What every name in a token is made of; a store need not be asked for others, and some cannot even say no to NUL."""
_LATEST = 2**53


class BadToken(Exception):
    """The token is not good; `cause` is one word for the audit, never for the caller."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says. `family_id` is the sign-in it belongs to, `version` the user's when it was issued."""

    user_id: str
    family_id: str
    token_id: str
    version: int
    expires_at: datetime


class AccessTokens:
    """Issues and reads access tokens. `issuer` is Ultra's public origin, or its name where it has none."""

    def __init__(self, *, ring: KeyRing, issuer: str, system: System) -> None:
        self._ring = ring
        self._issuer = issuer
        self._system = system
        self._signs = ("", 0.0)
        self._jwt = jwt.PyJWT(options={"enforce_minimum_key_length": True})

    def replace_ring(self, ring: KeyRing) -> None:
        """Check with all of these keys from now on, and sign with the first once every worker will have heard of it.

        Until then the one that signed so far goes on, if it is among them.
        """
        if self._ring.first in ring.secrets:
            self._signs = (self._signer, self._system.monotonic() + SPREAD_S)
        self._ring = ring

    @property
    def _signer(self) -> str:
        name, until = self._signs
        is_kept = name in self._ring.secrets and self._system.monotonic() < until
        return name if is_kept else self._ring.first

    def issue(self, *, user_id: str, family_id: str, version: int) -> str:
        """Return a token that is good for ten minutes, signed with the first key."""
        now = int(self._system.now().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": user_id,
            "sid": family_id,
            "jti": self._system.new_id("jti"),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_S,
            "ver": version,
        }
        kid = self._signer
        return self._jwt.encode(
            claims, self._ring.secrets[kid], algorithm=_ALGORITHM, headers={"typ": _TYPE, "kid": kid}
        )

    def read(self, text: str) -> Claims:
        """Return what a token says; raises `BadToken`. Its sign-in and its user are for the caller to judge."""
        if not _SHAPE.fullmatch(text):
            raise BadToken("malformed")
        payload = self._verified(text, self._key_of(text))
        _judge_types(payload)
        self._judge_times(payload)
        return Claims(
            user_id=payload["sub"],
            family_id=payload["sid"],
            token_id=payload["jti"],
            version=payload["ver"],
            expires_at=datetime.fromtimestamp(payload["exp"], tz=self._system.now().tzinfo),
        )

    def _key_of(self, text: str) -> bytes:
        first, second, _ = text.split(".")
        header = _object_in(first)
        _object_in(second)
        if not _HEADER.issuperset(header) or header.get("alg") != _ALGORITHM or header.get("typ") != _TYPE:
            raise BadToken("header")
        kid = header.get("kid")
        secret = self._ring.secrets.get(kid) if isinstance(kid, str) else None
        if secret is None:
            raise BadToken("unknown_kid")
        return secret

    def _verified(self, text: str, key: bytes) -> dict[str, Any]:
        """Return the payload; the library's own clock is not asked, `_judge_times` uses the system's."""
        try:
            return self._jwt.decode(
                text,
                key,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                options={
                    "require": [*_TEXTS, *_NUMBERS],
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidSignatureError:
            raise BadToken("signature") from None
        except jwt.PyJWTError:
            raise BadToken("claims") from None

    def _judge_times(self, payload: dict[str, Any]) -> None:
        now = self._system.now().timestamp()
        if payload["exp"] <= now - LEEWAY_S:
            raise BadToken("expired")
        if max(payload["nbf"], payload["iat"]) > now + LEEWAY_S:
            raise BadToken("not_yet_valid")
        if payload["exp"] - payload["iat"] > LIFETIME_S:
            raise BadToken("lifetime")


def _judge_types(payload: dict[str, Any]) -> None:
    texts_are_right = all(type(payload[name]) is str and _TEXT.fullmatch(payload[name]) for name in _TEXTS)
    numbers_are_right = all(type(payload[name]) is int and 0 <= payload[name] < _LATEST for name in _NUMBERS)
    if not (texts_are_right and numbers_are_right) or set(payload) != {*_TEXTS, *_NUMBERS}:
        raise BadToken("claims")


def _object_in(part: str) -> dict[str, Any]:
    """Return the JSON object of one part, read strictly: no duplicate name, no lone surrogate, one spelling."""
    try:
        data = base64url_decode(part.encode("ascii"))
        is_canonical = base64url_encode(data).decode("ascii") == part
        value = strict_json.loads(data, max_depth=4)
    except (ValueError, InvalidRequest):
        raise BadToken("malformed") from None
    if not is_canonical or not isinstance(value, dict):
        raise BadToken("malformed")
    return value
