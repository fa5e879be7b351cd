"""Browsers that an account has signed in with before: strangers who guess cannot lock them out.

After signing in, a browser gets a cookie that says so, sealed for that account. It proves nothing and opens nothing;
attempts that bring it are only counted apart from those of strangers.
"""

from collections.abc import Sequence

from ultra.auth.cookies import Cookie
from ultra.auth.encodings import fingerprint, keyed, same
from ultra.system import System

_PURPOSE = "ultra known device"


class Devices:
    """Gives the cookie and recognises it. `key` is the secret of the tokens that protect forms."""

    def __init__(self, *, key: bytes, cookie: Cookie, system: System) -> None:
        self._key = key
        self._cookie = cookie
        self._system = system

    def replace_key(self, key: bytes) -> None:
        """Seal with another key; devices known so far are strangers again."""
        self._key = key

    def remember(self, username: str) -> str:
        """Return the `Set-Cookie` value for a browser that has just signed in as that user."""
        chance = fingerprint(self._system.token())[:32]
        return self._cookie.given(f"{chance}-{self._seal(username, chance)}")

    def presented(self, headers: Sequence[tuple[bytes, bytes]]) -> str | None:
        """Return what the browser brings, not judged yet; None for nothing, or nothing of ours."""
        return self._cookie.presented(headers)

    def recognise(self, username: str, presented: str | None) -> str | None:
        """Return the device's own name when that account has signed in with it before, else None."""
        chance, _, seal = (presented or "").partition("-")
        return chance if same(seal, self._seal(username, chance)) else None

    def _seal(self, username: str, chance: str) -> str:
        return keyed(self._key, _PURPOSE, username.lower(), chance).hex()
