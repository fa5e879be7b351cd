"""Cookies: their names and attributes, and reading exactly one value out of raw headers.

Over https a cookie is called `__Host-...`: browsers take it from this host alone, with Secure and Path=/, and no
sibling domain can plant it. On loopback http the prefix is not possible, and the bare name is used.
"""

import re
from collections.abc import Iterable

from ultra.domain.errors import InvalidRequest

_MOST_BYTES = 16_384
_VALUE = re.compile(rb"[A-Za-z0-9_-]{1,128}")


class BadCookie(Exception):
    """The cookie is there, and its value is nothing that Ultra ever set."""


class Cookie:
    """One cookie of Ultra's. `secure` says whether browsers reach it over https."""

    def __init__(self, name: str, *, secure: bool, lifetime_s: int) -> None:
        self.name = f"__Host-{name}" if secure else name
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
        self._lifetime_s = lifetime_s

    def given(self, value: str) -> str:
        """Return the value of a `Set-Cookie` header that sets it."""
        return f"{self.name}={value}; Max-Age={self._lifetime_s}{self._attributes}"

    def taken(self) -> str:
        """Return the value of a `Set-Cookie` header that removes it: the same name and attributes, at its end."""
        return f"{self.name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT{self._attributes}"

    def read(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """Return its value, None when it is not there. Names of headers are lower case.

        Raises `InvalidRequest` when it is there twice, or the headers are larger than any browser's, and `BadCookie`
        when its value could not be Ultra's. Other cookies may look as they like: on loopback every program on every
        port shares them.
        """
        lines = [value for name, value in headers if name == b"cookie"]
        if sum(map(len, lines)) > _MOST_BYTES:
            raise InvalidRequest("The cookies are too large.", code="bad_cookie")
        name = self.name.encode("ascii")
        pairs = [part.strip(b" \t").partition(b"=") for line in lines for part in line.split(b";")]
        values = [value for key, _, value in pairs if key.strip(b" \t") == name]
        if len(values) > 1:
            raise InvalidRequest("A cookie occurs twice.", code="bad_cookie")
        if not values:
            return None
        if not _VALUE.fullmatch(values[0]):
            raise BadCookie
        return values[0].decode("ascii")

    def presented(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """Return its value where there is exactly one that Ultra may have set, and None for everything else."""
        try:
            return self.read(headers)
        except (InvalidRequest, BadCookie):
            return None


def session_cookie(*, secure: bool) -> Cookie:
    """Return the cookie of browser sessions, which browsers forget after twelve hours."""
    return Cookie("ultra", secure=secure, lifetime_s=12 * 3600)


def pre_session_cookie(*, secure: bool) -> Cookie:
    """Return the cookie that a page without a session binds its CSRF token to."""
    return Cookie("ultra-pre", secure=secure, lifetime_s=3600)


def device_cookie(*, secure: bool) -> Cookie:
    """Return the cookie by which a browser is known to an account; it lasts a year."""
    return Cookie("ultra-device", secure=secure, lifetime_s=365 * 86_400)
