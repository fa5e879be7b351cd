"""Who is calling: one credential, one judge, one sentence for every refusal.

What was wrong goes to the audit alone; a caller who could tell an expired credential from a forged one, or a
disabled user from nobody, would learn something.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from ultra.auth.approach import Approach
from ultra.auth.cookies import Cookie
from ultra.auth.credentials import Presented, find
from ultra.auth.refusals import Refusals
from ultra.auth.schemes import NotGood, Proof, Scheme
from ultra.auth.standing import Standing
from ultra.domain.access import Versions
from ultra.domain.errors import Forbidden, InvalidRequest, Unauthenticated
from ultra.domain.identity import Principal
from ultra.system import System

REFUSED = "No valid credential was presented."

_MOST_KEPT = 10_000
_LONGEST_S = 2.0
_ACTIONS = {
    "session": "session_rejected",
    "token": "token_rejected",
    "key": "key_rejected",
    "test": "test_mode_rejected",
}


@dataclass(frozen=True, slots=True)
class Recalled:
    """Who was proved by the same credential a moment ago; `stands` says whether that still holds."""

    principal: Principal
    digest: bytes = field(repr=False)


class Authenticator:
    """Asks its schemes in order.

    `honours_test_mode` says whether the header is looked at at all. A proof stands for up to `memory_s` seconds (two at
    most, 0 for none) while `versions` confirms it for each request: what ends a credential raises its user's version,
    so nothing that ended is ever accepted. Refused credentials are never remembered.
    """

    def __init__(
        self,
        *,
        schemes: Sequence[Scheme],
        standing: Standing,
        cookie: Cookie,
        honours_test_mode: bool,
        refusals: Refusals,
        versions: Versions,
        system: System,
        memory_s: float = _LONGEST_S,
    ) -> None:
        if not 0 <= memory_s <= _LONGEST_S:
            raise ValueError(f"A proof stands for up to {_LONGEST_S} seconds.")
        self._schemes = tuple(schemes)
        self._standing = standing
        self._cookie = cookie
        self.honours_test_mode = honours_test_mode
        """Whether the test header is looked at."""
        self._refusals = refusals
        self._versions = versions
        self._system = system
        self._memory_s = memory_s
        self._kept: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()

    async def identify(self, approach: Approach) -> Principal | None:
        """Return who is calling, None when no credential is presented.

        Raises `Unauthenticated` for one that is not good, `InvalidRequest` for two of them or one in the URL, and
        `Forbidden` (`insufficient_scope`) for a good key from an address it is not meant for.
        """
        presented = await self._find(approach)
        if presented is None:
            return None
        digest = _digest(presented, approach)
        remembered = await self._remembered(digest)
        if remembered is not None:
            return remembered
        proof = await self._prove(presented, approach)
        self._remember(digest, proof)
        return proof.principal

    def recall(self, approach: Approach) -> Recalled | None:
        """Return who was proved by the same credential from the same place a moment ago; None when that is to be asked.

        Nothing may be done for them before `stands` has said that they still are who they were.
        """
        try:
            presented = find(approach, cookie=self._cookie, honours_test_mode=self.honours_test_mode)
        except InvalidRequest:
            return None
        if presented is None:
            return None
        digest = _digest(presented, approach)
        principal = self._fresh(digest)
        return None if principal is None else Recalled(principal, digest)

    async def stands(self, recalled: Recalled, *, version: int | None) -> bool:
        """Whether they still are who they were: their present version is `version`, or with None is asked for."""
        principal = recalled.principal
        present = version
        if present is None:
            present = (await self._versions.of([principal.id])).get(principal.id)
        if present == principal.version:
            return True
        self._kept.pop(recalled.digest, None)
        return False

    async def authenticate(self, approach: Approach) -> Principal:
        """Return who is calling; as `identify`, and raises `Unauthenticated` when there is no credential too."""
        principal = await self.identify(approach)
        if principal is None:
            raise Unauthenticated(REFUSED)
        return principal

    async def ended(self, principals: Sequence[Principal]) -> frozenset[int]:
        """Return the positions of those that are no longer what they were when they were identified."""
        return await self._standing.ended(principals)

    async def _find(self, approach: Approach) -> Presented | None:
        try:
            return find(approach, cookie=self._cookie, honours_test_mode=self.honours_test_mode)
        except InvalidRequest as error:
            action = error.code if error.code == "credential_in_url" else "credential_rejected"
            await self._refusals.write(
                action, cause=error.code, address=approach.address, request_id=approach.request_id
            )
            raise

    async def _prove(self, presented: Presented, approach: Approach) -> Proof:
        try:
            return await self._asked(presented, approach)
        except NotGood as error:
            await self._refusals.write(
                _ACTIONS[presented.kind],
                cause=error.cause,
                actor=error.actor,
                credential=presented.kind,
                address=approach.address,
                request_id=approach.request_id,
            )
            if error.forbids:
                raise Forbidden("This key may not be used from here.", code="insufficient_scope") from None
            raise Unauthenticated(REFUSED) from None

    async def _asked(self, presented: Presented, approach: Approach) -> Proof:
        for scheme in self._schemes:
            proof = await scheme.prove(presented, approach)
            if proof is not None:
                return proof
        raise NotGood("no_scheme")

    async def _remembered(self, digest: bytes) -> Principal | None:
        principal = self._fresh(digest)
        if principal is not None and await self.stands(Recalled(principal, digest), version=None):
            return principal
        return None

    def _fresh(self, digest: bytes) -> Principal | None:
        """Return who was remembered so, for as long as that may be believed at all."""
        kept = self._kept.get(digest)
        if kept is None:
            return None
        principal, until = kept
        if self._system.monotonic() < until:
            return principal
        del self._kept[digest]
        return None

    def _remember(self, digest: bytes, proof: Proof) -> None:
        if not self._memory_s or proof.until is None:
            return
        lasting = min(self._memory_s, (proof.until - self._system.now()) / timedelta(seconds=1))
        self._kept[digest] = (proof.principal, self._system.monotonic() + lasting)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)


def _digest(presented: Presented, approach: Approach) -> bytes:
    """Return what a proof is remembered by: the whole credential, its kind, and where it came from."""
    parts = (presented.kind, approach.address or "", presented.text or "")
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
