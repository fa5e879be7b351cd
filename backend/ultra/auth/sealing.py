"""Sealing a short text with a key that is not kept: the text of another secret.

The keystream is HMAC-SHA256 in counter mode under a key derived from that secret, which carries 256 random bits, and a
nonce; a second derived key authenticates (encrypt, then MAC). The standard library has no cipher, and none is needed:
one text of a few dozen bytes is sealed under each secret, so this is a one-time pad whose pad is a keyed hash's
output. The nonce keeps pads apart even when several candidates are sealed under the same secret at once and all but
one are thrown away. Without the secret, whoever has the store cannot read or alter what is sealed.
"""

import hashlib

from ultra.auth.encodings import keyed, same

_NONCE, _TAG = 16, 32


def seal(text: str, *, secret: str, chance: str) -> bytes:
    """Return nonce, ciphertext and tag. `chance` is random text that is used once; its digest is the nonce."""
    nonce = hashlib.sha256(chance.encode("utf-8")).digest()[:_NONCE]
    sealed = nonce + _mixed(text.encode("utf-8"), secret, nonce)
    return sealed + keyed(_key(secret, "tag"), sealed)


def unseal(sealed: bytes, *, secret: str) -> str | None:
    """Return the text, or None when it was sealed for another secret or has been altered."""
    body, tag = sealed[:-_TAG], sealed[-_TAG:]
    if len(body) < _NONCE or not same(tag, keyed(_key(secret, "tag"), body)):
        return None
    return _mixed(body[_NONCE:], secret, body[:_NONCE]).decode("utf-8")


def _mixed(data: bytes, secret: str, nonce: bytes) -> bytes:
    key = _key(secret, "pad")
    pad = b"".join(keyed(key, nonce, number.to_bytes(4, "big")) for number in range(len(data) // 32 + 1))
    return bytes(left ^ right for left, right in zip(data, pad, strict=False))


def _key(secret: str, purpose: str) -> bytes:
    return keyed(secret.encode("utf-8"), "ultra sealed successor", purpose)
