"""Versions of users beside the limits, on the same server: read with the question that counts a request.

What stands there for a user is one of three things, or nothing:

    17      the version, as the database said it was while nobody changed it
    !nonce  a lease: one worker is asking the database and may write what it hears
    ?       doubt: somebody changes this user, or did a moment ago; ask the database

A change writes doubt before its commit, so that nothing written earlier is believed whatever becomes of its process,
and doubt once more after it, before anybody hears that it is done. A version is written only in place of the very
lease that its worker took before it asked the database. So a version that stands after a change was read after it:
the lease was taken later than the second doubt, or that would have replaced it. This asks nothing of time, and
nothing of the server's memory: where a key was evicted, flushed or lost with a restart the lease is gone as well.

Only where doubt could not be written at all, because the server was out of this process' reach and of no other's, may
an older version be believed: for `BOUND_S` at most, then it is gone by itself. While the server is down everybody asks
the database.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from ultra.domain.access import Versions
from ultra.domain.errors import Unavailable
from ultra.limits import scripts
from ultra.limits.connections import Connections
from ultra.limits.policy import hashed
from ultra.system import System

_log = logging.getLogger(__name__)

LEASE_S: Final = 1.0
"""How long a worker may take from the beginning of its question to the database to writing the answer down."""

LASTS_S: Final = 3.5
"""How long a version stands. Everybody who is active costs the database a question in as many seconds."""

BOUND_S: Final = LEASE_S + LASTS_S
"""The longest that anything can be believed that was read before a change of which the server was not told."""

DOUBT_S: Final = 15.0
"""How long doubt stands: longer than a commit takes."""

_REST_S: Final = 5.0
"""How long the server is not asked after it did not answer."""


class SharedVersions:
    """Keeps `Versions` in front of the database's, and `Board`, on a server that all workers share."""

    def __init__(
        self, *, url: str, versions: Versions, system: System, prefix: str = "ultra:", timeout_s: float = 0.2
    ) -> None:
        self._connections = Connections(url=url, timeout_s=timeout_s, most=16)
        self._versions = versions
        self._system = system
        self._prefix = prefix
        self._rests_until = 0.0

    async def of(self, user_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the present version of each user; a missing one was deleted."""
        if self._system.monotonic() < self._rests_until:
            return await self._versions.of(user_ids)
        nonce = self._system.new_id("lease")
        told = await self._look(user_ids, nonce)
        known = {user_id: int(word) for user_id, word in told.items() if word.isdigit()}
        missing = [user_id for user_id in user_ids if user_id not in known]
        if not missing:
            return known
        found = await self._versions.of(missing)
        leased = [user_id for user_id in missing if told.get(user_id) == "!" and user_id in found]
        if leased:
            await self._write(leased, nonce, found)
        return {**known, **found}

    async def doubt(self, user_ids: Sequence[str]) -> None:
        """Have nobody believe what was known of these users; raises `Unavailable` when the server cannot be told."""
        await self._connections.run(scripts.DOUBT, len(user_ids), *self._keys(user_ids), _ms(DOUBT_S))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connections.aclose()

    async def _look(self, user_ids: Sequence[str], nonce: str) -> Mapping[str, str]:
        """Return what stands for each user; `!` where this worker got the lease."""
        try:
            reply = await self._connections.run(scripts.LOOK, len(user_ids), *self._keys(user_ids), nonce, _ms(LEASE_S))
        except Unavailable:
            self._rests_until = self._system.monotonic() + _REST_S
            return {}
        return dict(zip(user_ids, reply.decode().split(), strict=True))

    async def _write(self, user_ids: Sequence[str], nonce: str, found: Mapping[str, int]) -> None:
        versions = [found[user_id] for user_id in user_ids]
        try:
            await self._connections.run(
                scripts.KNOW, len(user_ids), *self._keys(user_ids), nonce, _ms(LASTS_S), *versions
            )
        except Unavailable as error:
            _log.info("versions could not be written beside the limits: %s", error.code)

    def _keys(self, user_ids: Sequence[str]) -> list[str]:
        return [version_key(self._prefix, user_id) for user_id in user_ids]


@lru_cache(maxsize=8192)
def version_key(prefix: str, user_id: str) -> str:
    """Return the key under which a user's version stands."""
    return f"{prefix}version:{hashed('version', user_id)}"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
