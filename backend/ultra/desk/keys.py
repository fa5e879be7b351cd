"""API keys: made, listed, rotated, ended. The text of a key is returned once and kept nowhere."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ultra.auth.api_keys import judge_networks, judge_wanted
from ultra.auth.key_lines import TooMuch, end_of, end_within, models_within, networks_within, stricter
from ultra.auth.sign_in import Source
from ultra.desk.accounts import allowance_shown
from ultra.domain.access import ApiKey
from ultra.domain.errors import Forbidden, InvalidRequest, NotFound, NotTheirs
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
    """What callers may do with keys: their own only. A key reaches itself and what was made with it, nothing else."""

    def __init__(self, access: Access, system: System) -> None:
        self._access = access
        self._system = system

    async def create(self, principal: Principal, wanted: WantedKey, *, source: Source) -> dict[str, Any]:
        """Make a key for the caller, with no more rights than they have; returns it with its text, once.

        One that is made with a key is bounded as that one is, shares its counters and its purse, and ends with it.
        """
        if not wanted.name.strip():
            raise InvalidRequest("A key needs a name.", param="name", hint="Say what it is for.")
        if reason := judge_networks(wanted.cidrs or ()):
            raise InvalidRequest(reason, param="cidrs")
        maker = await self._maker(principal)
        now = self._system.now()
        scopes = _usable(principal) if wanted.scopes is None else wanted.scopes
        expires_at, models, cidrs, allowance = _bounded(wanted, maker, usual_end=now + DEFAULT_LIFE)
        refused = judge_wanted(principal, owner=principal.id, scopes=scopes, expires_at=expires_at, now=now)
        if refused:
            raise Forbidden(refused, code="insufficient_scope")
        minted = self._access.api_keys.mint(
            owner=principal.id,
            name=wanted.name,
            scopes=scopes,
            expires_at=expires_at,
            models=models,
            cidrs=cidrs,
            allowance=allowance,
            stores=wanted.stores and principal.stores,
            maker=maker,
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
        """End a key at once, and what was made with it; raises `NotFound`, and `Forbidden` where a key cannot reach."""
        await self._refuse_beyond(principal, await self._own(principal, key_id))
        entry = replace(source.entry("key.revoke", actor=principal.id, target=key_id), credential=principal.credential)
        if not await self._access.stores.keys.revoke(key_id, entry, owner=principal.id, at=self._system.now()):
            raise _no_key()

    async def rotate(self, principal: Principal, key_id: str, *, overlap: timedelta, source: Source) -> dict[str, Any]:
        """Make a successor with the same rights; the old key is accepted until the overlap has passed.

        Raises `NotFound`, and `Forbidden` where a key cannot reach.
        """
        if not timedelta() <= overlap <= LONGEST_OVERLAP:
            raise InvalidRequest("Old and new overlap for at most seven days.", param="overlap_s")
        key = await self._own(principal, key_id)
        await self._refuse_beyond(principal, key)
        if not key.scopes <= principal.permissions:
            raise Forbidden("You cannot hand out scopes that you do not have.", code="insufficient_scope")
        minted = self._access.api_keys.mint_successor(key, made_with=_key_of(principal))
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
            is_there = await self._access.stores.keys.get(key_id, owner=None) is not None
            raise NotTheirs(_no_key().message, target=key_id) if is_there else _no_key()
        return key

    async def _maker(self, principal: Principal) -> ApiKey | None:
        """Return the key that the caller came with, None where they came with something else."""
        key_id = _key_of(principal)
        if key_id is None:
            return None
        maker = await self._access.stores.keys.get(key_id, owner=principal.id)
        if maker is None:
            raise Forbidden("The key that this one is to be made with has ended.", code="insufficient_scope")
        return maker

    async def _refuse_beyond(self, principal: Principal, key: ApiKey) -> None:
        """Keep a key from ending or following others of its owner, which may have rights that it has not."""
        caller, above = _key_of(principal), key.id
        while caller is not None and above != caller:
            made = await self._access.stores.keys.get(above, owner=principal.id)
            if made is None or made.made_with is None:
                raise Forbidden(
                    "A key reaches itself and the keys that were made with it, no others.",
                    hint="Sign in to change other keys.",
                    code="insufficient_scope",
                )
            above = made.made_with


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
        "made_with": key.made_with,
        "rotated_from": key.rotated_from,
        "overlap_until": _stamp(key.overlap_until),
    }


def _usable(principal: Principal) -> frozenset[Permission]:
    """Everything the caller may do that a key may do; making further keys is asked for by name."""
    return frozenset(
        each for each in principal.permissions - {Permission.KEYS_WRITE} if "key" in PERMISSION_CREDENTIALS[each]
    )


def _key_of(principal: Principal) -> str | None:
    return principal.credential_id if principal.credential == "key" else None


def _bounded(
    wanted: WantedKey, maker: ApiKey | None, *, usual_end: datetime
) -> tuple[datetime, tuple[str, ...] | None, tuple[str, ...] | None, Allowance]:
    """Return end, models, networks and allowance of a key as they may be for one made with `maker`."""
    if maker is None:
        return wanted.expires_at or usual_end, wanted.models, wanted.cidrs, wanted.allowance
    try:
        return (
            end_within(wanted.expires_at, usual_end, end_of(maker)),
            models_within(wanted.models, maker.models),
            networks_within(wanted.cidrs, maker.cidrs),
            stricter(wanted.allowance, maker.allowance),
        )
    except TooMuch as error:
        raise Forbidden(str(error), code="insufficient_scope") from None


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _no_key() -> NotFound:
    return NotFound("There is no such key.")
