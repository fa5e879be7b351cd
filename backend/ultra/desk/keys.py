"""API keys: made, listed, rotated, ended. The text of a key is returned once and kept nowhere."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ultra.auth.api_keys import judge_networks, judge_wanted
from ultra.auth.sign_in import Source
from ultra.desk.accounts import allowance_shown
from ultra.domain.access import ApiKey
from ultra.domain.errors import Forbidden, InvalidRequest, NotFound
from ultra.domain.identity import PERMISSION_CREDENTIALS, Allowance, Permission, Principal
from ultra.services.access import Access
from ultra.system import System

DEFAULT_LIFE = timedelta(days=90)
LONGEST_OVERLAP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class WantedKey:
    """A key as asked for. `scopes` None takes all that the caller may do with a key; `expires_at` None, 90 days."""

    name: str
    scopes: frozenset[Permission] | None = None
    models: tuple[str, ...] | None = None
    cidrs: tuple[str, ...] | None = None
    allowance: Allowance = field(default_factory=Allowance)
    stores: bool = True
    expires_at: datetime | None = None


class KeyDesk:
    """What callers may do with keys: their own only."""

    def __init__(self, access: Access, system: System) -> None:
        self._access = access
        self._system = system

    async def create(self, principal: Principal, wanted: WantedKey, *, source: Source) -> dict[str, Any]:
        """Make a key for the caller, with no more rights than they have; returns it with its text, once."""
        if not wanted.name.strip():
            raise InvalidRequest("A key needs a name.", param="name", hint="Say what it is for.")
        scopes = _usable(principal) if wanted.scopes is None else wanted.scopes
        expires_at = wanted.expires_at or self._system.now() + DEFAULT_LIFE
        refused = judge_wanted(
            principal, owner=principal.id, scopes=scopes, expires_at=expires_at, now=self._system.now()
        )
        if refused:
            raise Forbidden(refused, code="insufficient_scope")
        if reason := judge_networks(wanted.cidrs or ()):
            raise InvalidRequest(reason, param="cidrs")
        minted = self._access.api_keys.mint(
            owner=principal.id,
            name=wanted.name,
            scopes=scopes,
            expires_at=expires_at,
            models=_within(wanted.models, principal.models),
            cidrs=wanted.cidrs,
            allowance=wanted.allowance,
            stores=wanted.stores and principal.stores,
        )
        entry = source.entry("key.create", actor=principal.id, target=minted.key.id, name=wanted.name)
        await self._access.stores.keys.create(minted.key, replace(entry, credential=principal.credential))
        return {**key_shown(minted.key), "key": minted.text}

    async def of(self, principal: Principal) -> list[dict[str, Any]]:
        """Return the caller's keys, newest first, without their secrets."""
        return [key_shown(each) for each in await self._access.stores.keys.of(principal.id)]

    async def get(self, principal: Principal, key_id: str) -> dict[str, Any]:
        """Return one of the caller's keys; raises `NotFound`."""
        return key_shown(await self._own(principal, key_id))

    async def revoke(self, principal: Principal, key_id: str, *, source: Source) -> None:
        """End a key at once; raises `NotFound`."""
        entry = replace(source.entry("key.revoke", actor=principal.id, target=key_id), credential=principal.credential)
        if not await self._access.stores.keys.revoke(key_id, entry, owner=principal.id, at=self._system.now()):
            raise _no_key()

    async def rotate(self, principal: Principal, key_id: str, *, overlap: timedelta, source: Source) -> dict[str, Any]:
        """Make a successor with the same rights; the old key is accepted until the overlap has passed."""
        if not timedelta() <= overlap <= LONGEST_OVERLAP:
            raise InvalidRequest("Old and new overlap for at most seven days.", param="overlap_s")
        key = await self._own(principal, key_id)
        if not key.scopes <= principal.permissions:
            raise Forbidden("You cannot hand out scopes that you do not have.", code="insufficient_scope")
        minted = self._access.api_keys.mint_successor(key)
        entry = source.entry("key.rotate", actor=principal.id, target=key_id, successor=minted.key.id)
        until = self._system.now() + overlap
        if not await self._access.stores.keys.rotate(
            key_id, minted.key, replace(entry, credential=principal.credential), overlap_until=until
        ):
            raise _no_key()
        return {**key_shown(minted.key), "key": minted.text, "old_key_until": until.isoformat()}

    async def _own(self, principal: Principal, key_id: str) -> ApiKey:
        key = await self._access.stores.keys.get(key_id, owner=principal.id)
        if key is None:
            raise _no_key()
        return key


def key_shown(key: ApiKey) -> dict[str, Any]:
    """Return a key as its owner sees it: enough to recognise it, nothing to use it."""
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.public_id,
        "last4": key.last4,
        "scopes": sorted(key.scopes),
        "models": None if key.models is None else list(key.models),
        "cidrs": None if key.cidrs is None else list(key.cidrs),
        "allowance": allowance_shown(key.allowance),
        "store": key.stores,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat(),
        "last_used_at": _stamp(key.last_used_at),
        "revoked_at": _stamp(key.revoked_at),
        "rotated_from": key.rotated_from,
        "overlap_until": _stamp(key.overlap_until),
    }


def _usable(principal: Principal) -> frozenset[Permission]:
    """Everything the caller may do that a key may do; making further keys is asked for by name."""
    return frozenset(
        each for each in principal.permissions - {Permission.KEYS_WRITE} if "key" in PERMISSION_CREDENTIALS[each]
    )


def _within(wanted: tuple[str, ...] | None, allowed: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Keep a key that was made with a key within the models of that one."""
    if allowed is None:
        return wanted
    if wanted is not None and not set(wanted) <= set(allowed):
        raise Forbidden("A key cannot reach models that you cannot.", code="insufficient_scope")
    return wanted or allowed


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _no_key() -> NotFound:
    return NotFound("There is no such key.")
