"""API keys: `ultra_sk_<env>_<public id>_<secret>_<checksum>`, found by public id, proved by secret.

The checksum (CRC-32 of all before it, six base62 digits) lets a scanner tell a key from something that looks like
one, and lets Ultra refuse typing errors and guesses before the store is asked. It protects nothing. At rest a key's
secret is HMAC-SHA256 under a pepper that is not in the database: 256 random bits need no slow hash.
"""

import hashlib
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Literal, TypeAlias

from ultra.auth.encodings import base62, keyed, same
from ultra.auth.key_ring import KeyRing
from ultra.domain.access import ApiKey, User
from ultra.domain.identity import Allowance, Permission, Principal
from ultra.system import System

PREFIX = "ultra_sk_"
PATTERN = r"ultra_sk_(?:dev|test|prod)_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}"
"""The published expression for secret scanners and log filters."""
LONGEST_LIFE = timedelta(days=366)

_ENVIRONMENTS: Mapping[str, str] = {"development": "dev", "testing": "test", "production": "prod"}
_SHAPE = re.compile(PATTERN)

Cause: TypeAlias = Literal["secret", "disabled", "revoked", "expired", "rotated", "address"]
"""Why a key is not good; for the audit."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A key's parts; `secret` is what proves it."""

    public_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Minted:
    """A key as it is kept, and its text, which is shown once."""

    key: ApiKey
    text: str = field(repr=False)


class ApiKeys:
    """Makes, reads and proves the keys of one environment."""

    def __init__(self, *, peppers: KeyRing, environment: str, system: System) -> None:
        self._peppers = peppers
        self._environment = _ENVIRONMENTS[environment]
        self._system = system

    def replace_peppers(self, peppers: KeyRing) -> None:
        """Make keys with the first of these and prove keys with all of them from now on."""
        self._peppers = peppers

    def mint(
        self,
        *,
        owner: str,
        name: str,
        scopes: frozenset[Permission],
        expires_at: datetime,
        models: tuple[str, ...] | None = None,
        cidrs: tuple[str, ...] | None = None,
        allowance: Allowance | None = None,
        stores: bool = True,
        maker: ApiKey | None = None,
    ) -> Minted:
        """Make a key, `maker` being the one it is made with; whether it may be had is `judge_wanted`'s to say."""
        public_id, secret, text = self._text()
        key = ApiKey(
            id=self._system.new_id("key"),
            public_id=public_id,
            owner=owner,
            name=name,
            secret_hash=self._hash(self._peppers.first, secret),
            pepper_id=self._peppers.first,
            last4=secret[-4:],
            scopes=scopes,
            created_at=self._system.now(),
            expires_at=expires_at,
            models=models,
            cidrs=cidrs,
            allowance=allowance or Allowance(),
            stores=stores,
            made_with=None if maker is None else maker.id,
            line=_line_of(maker),
        )
        return Minted(key, text)

    def mint_successor(self, key: ApiKey, *, made_with: str | None = None) -> Minted:
        """Make the key that follows another in a rotation: the same rights, bounds and line, another secret.

        `made_with` is the key that asks for it; without one, it ends with what the old one would have ended with.
        """
        public_id, secret, text = self._text()
        successor = replace(
            key,
            id=self._system.new_id("key"),
            public_id=public_id,
            secret_hash=self._hash(self._peppers.first, secret),
            pepper_id=self._peppers.first,
            last4=secret[-4:],
            created_at=self._system.now(),
            rotated_from=key.id,
            overlap_until=None,
            last_used_at=None,
            made_with=made_with or key.made_with,
            line=key.line or key.id,
        )
        return Minted(successor, text)

    def parse(self, text: str) -> Parsed | None:
        """Return the parts of a well-formed key of this environment, None for anything else."""
        if not _SHAPE.fullmatch(text) or not same(_checksum(text[:-7]), text[-6:]):
            return None
        environment, public_id, secret = text[len(PREFIX) : -7].split("_")
        return Parsed(public_id, secret) if environment == self._environment else None

    def proves(self, parsed: Parsed, key: ApiKey | None) -> bool:
        """Whether the secret is the key's. Without a key, or with a pepper that is gone, the same work is done."""
        pepper_id = key.pepper_id if key is not None and key.pepper_id in self._peppers.secrets else None
        presented = self._hash(pepper_id or self._peppers.first, parsed.secret)
        kept = key.secret_hash if key is not None else "0" * len(presented)
        return same(presented, kept) and pepper_id is not None

    def _hash(self, pepper_id: str, secret: str) -> str:
        return keyed(self._peppers.secrets[pepper_id], "ultra api key", secret).hex()

    def _text(self) -> tuple[str, str, str]:
        public_id = base62(_number(self._system.token()), 8)
        secret = base62(_number(self._system.token()), 43)
        bare = f"{PREFIX}{self._environment}_{public_id}_{secret}"
        return public_id, secret, f"{bare}_{_checksum(bare)}"


def judge(key: ApiKey, user: User, *, address: str | None, now: datetime) -> Cause | None:
    """Return why a proved key may not be used now, from there, or None. `address` is the client's."""
    if user.disabled_at is not None:
        return "disabled"
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at <= now:
        return "expired"
    if key.overlap_until is not None and key.overlap_until <= now:
        return "rotated"
    return None if _is_inside(address, key.cidrs) else "address"


def judge_wanted(
    principal: Principal, *, owner: str, scopes: frozenset[Permission], expires_at: datetime, now: datetime
) -> str | None:
    """Return one sentence saying why a principal may not make such a key, or None.

    Nobody can hand out more than they may do themselves as they are signed in now, and only for themselves.
    """
    if owner != principal.id:
        return "A key can only be made for yourself."
    if not scopes:
        return "A key needs at least one scope."
    if not scopes <= principal.permissions:
        return "A key cannot have scopes that you do not have: " + ", ".join(sorted(scopes - principal.permissions))
    if not now < expires_at <= now + LONGEST_LIFE:
        return f"A key expires in the future, within {LONGEST_LIFE.days} days."
    return None


def judge_networks(cidrs: Sequence[str]) -> str | None:
    """Return one sentence saying which of a key's networks is none, or None."""
    for each in cidrs:
        try:
            ip_network(each)
        except ValueError:
            return f"{each[:50]!r} is not a network such as 10.0.0.0/8 or 2001:db8::/32."
    return None


def _line_of(maker: ApiKey | None) -> str | None:
    """Return under which key one made with `maker` is counted; where nothing bounds that one, it is by itself."""
    if maker is None or (maker.line is None and maker.allowance == Allowance()):
        return None
    return maker.line or maker.id


def _is_inside(address: str | None, cidrs: Sequence[str] | None) -> bool:
    if cidrs is None:
        return True
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in ip_network(each) for each in cidrs)


def _checksum(bare: str) -> str:
    return base62(zlib.crc32(bare.encode("ascii")), 6)


def _number(chance: str) -> int:
    return int.from_bytes(hashlib.sha256(chance.encode("utf-8")).digest(), "big")
