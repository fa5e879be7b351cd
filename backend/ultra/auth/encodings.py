"""How secrets are written as text and as what is kept of them: base62, SHA-256, one keyed hash."""

import hashlib
import hmac

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62(value: int, width: int) -> str:
    """Return the last `width` digits of a number of zero or more, most significant first."""
    digits = []
    for _ in range(width):
        value, digit = divmod(value, len(DIGITS))
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))


def fingerprint(text: str) -> str:
    """Return SHA-256 in hex. Enough for texts that carry 256 random bits; never for what a person chose."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def keyed(key: bytes, *parts: str | bytes) -> bytes:
    """Return HMAC-SHA256 over the parts, each led by its length, so that no two lists of parts give one message."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        mac.update(len(data).to_bytes(8, "big"))
        mac.update(data)
    return mac.digest()


def same(left: str | bytes, right: str | bytes) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    one = left.encode("utf-8", "surrogatepass") if isinstance(left, str) else left
    other = right.encode("utf-8", "surrogatepass") if isinstance(right, str) else right
    return hmac.compare_digest(one, other)
