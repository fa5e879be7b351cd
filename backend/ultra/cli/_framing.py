"""Which request heads are refused before anything reads them: those that two readers could understand in two ways."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

Headers = Sequence[tuple[bytes, bytes]]

MOST_HEAD_BYTES: Final = 32 * 1024
MOST_TARGET_BYTES: Final = 8 * 1024
MOST_HEADERS: Final = 100

_SINGLE: Final = frozenset({b"host", b"content-length", b"content-type", b"transfer-encoding"})
_DIGITS: Final = frozenset(b"0123456789")
_MOST_DIGITS: Final = 18


def size_refusal(*, target: int, head: int, headers: int) -> HTTPStatus | None:
    """Return why a head is too large: its target, all of it, or the number of its headers; all sizes in bytes."""
    if target > MOST_TARGET_BYTES:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if head > MOST_HEAD_BYTES or headers > MOST_HEADERS:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return None


def ambiguity(headers: Headers, *, http_version: str, target: bytes = b"/") -> str | None:
    """Return what is ambiguous about a head whose names are in lower case, or None.

    A target that names a server (RFC 9112, section 3.2.2) names the one that `Host` names, or it is not known whom the
    request is for.

    RFC 9112, sections 3.2 and 6.3: one `Host`; the body's length said once and in one way. A body may be chunked and
    nothing else, from HTTP/1.1 on, and then has no length. A content type that stands twice is nobody's.
    """
    seen: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _SINGLE and name in seen:
            return "A header stands twice that may stand once."
        seen[name] = value
        if not name or b"\0" in value or b"\r" in value or b"\n" in value:
            return "A header is not well-formed."
    if unclear := _unclear_host(seen.get(b"host"), target, is_needed=http_version == "1.1"):
        return unclear
    coding = seen.get(b"transfer-encoding")
    length = seen.get(b"content-length")
    if coding is not None and (coding.lower() != b"chunked" or http_version != "1.1" or length is not None):
        return "The transfer encoding is not plainly chunked."
    if length is not None and not (_DIGITS.issuperset(length) and 0 < len(length) <= _MOST_DIGITS):
        return "The content length is not a number."
    return None


def _unclear_host(host: bytes | None, target: bytes, *, is_needed: bool) -> str | None:
    if host is None and is_needed:
        return "The Host header is missing."
    if not target.startswith(b"/") and _authority(target) not in (None, (host or b"").lower()):
        return "The target names another server than the Host header."
    return None


def _authority(target: bytes) -> bytes | None:
    """Return the server that a target names, in lower case; None for one that names none."""
    scheme, separator, rest = target.partition(b"://")
    if not separator or not scheme.isalpha():
        return None
    return re.split(rb"[/?#]", rest, maxsplit=1)[0].lower()
