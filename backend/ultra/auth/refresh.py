"""Refresh tokens: opaque, single use, in families; a retry whose answer was lost gets the same successor again.

Of a token only its SHA-256 is kept. When it is used, its successor's text is kept beside it, sealed for the token that
was presented: for ten seconds whoever has that token can be given the same successor, while the store alone can give
it to nobody. Used again later, or after the successor was used, it means that two parties hold it: the family ends.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from ultra.auth.encodings import fingerprint
from ultra.auth.sealing import seal, unseal
from ultra.domain.access import AuditEntry, RefreshToken, TokenFamily, Tokens
from ultra.system import System

PREFIX = "ultra_rt_"
LIFETIME = timedelta(days=30)
GRACE_S = 10.0

_SHAPE = re.compile(PREFIX + r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How a refresh ended. With `new` and `repeated`, `text` is the token to use from now on."""

    outcome: Literal["new", "repeated", "reused", "unknown"]
    family: TokenFamily | None = None
    text: str | None = None


class RefreshTokens:
    """Begins families and exchanges their tokens."""

    def __init__(self, *, tokens: Tokens, system: System) -> None:
        self._tokens = tokens
        self._system = system

    async def begin(self, user_id: str, audit: AuditEntry) -> tuple[TokenFamily, str]:
        """Begin a family that ends in 30 days at the latest; returns it and its first token's text."""
        now = self._system.now()
        family = TokenFamily(
            id=self._system.new_id("family"), user_id=user_id, created_at=now, expires_at=now + LIFETIME
        )
        text = PREFIX + self._system.token()
        await self._tokens.begin(family, RefreshToken(fingerprint(text), family.id, created_at=now), audit)
        return family, text

    async def exchange(self, text: str, audit: AuditEntry) -> Refreshed:
        """Use a token once and return its successor."""
        if not is_refresh_token(text):
            return Refreshed("unknown")
        following = PREFIX + self._system.token()
        now = self._system.now()
        successor = RefreshToken(
            hash=fingerprint(following),
            family_id="",
            created_at=now,
            sealed_successor=seal(following, secret=text, chance=self._system.token()),
        )
        outcome, family, row = await self._tokens.exchange(
            fingerprint(text), successor, at=now, grace_s=GRACE_S, audit=audit
        )
        if outcome == "new":
            return Refreshed(outcome, family, following)
        if outcome == "repeated":
            earlier = row.sealed_successor if row is not None else None
            return Refreshed(outcome, family, unseal(earlier, secret=text) if earlier is not None else None)
        return Refreshed(outcome, family)

    async def family_of(self, text: str) -> TokenFamily | None:
        """Return the family of a token that was presented, None when there is none."""
        return await self._tokens.family_of(fingerprint(text)) if is_refresh_token(text) else None


def is_refresh_token(text: str) -> bool:
    """Whether a text has the shape of a refresh token."""
    return _SHAPE.fullmatch(text) is not None
