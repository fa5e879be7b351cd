"""Passwords at rest: argon2id in a bounded pool of threads, with dummy work where there is nothing to compare.

What makes a password acceptable stands in `password_rules`. Passwords are compared verbatim: no trimming, no case, no
Unicode normalisation, no cut at 72 bytes or at NUL.
"""

import asyncio
import base64
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ultra.auth.password_rules import MOST_BYTES
from ultra.domain.errors import InvalidRequest, Overloaded

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Profile:
    """What one hash costs: KiB of memory, passes over it, lanes."""

    memory_kib: int
    passes: int
    lanes: int = 1


STANDARD = Profile(memory_kib=19 * 1024, passes=2)
"""19 MiB, two passes, one lane: the smallest set that the OWASP Password Storage cheat sheet names for argon2id."""
CHEAPEST = Profile(memory_kib=8, passes=1)
"""For tests only."""


class Passwords:
    """Hashes and verifies. At most `concurrency` at once (each holds its profile's memory), at most `waiting` in line.

    Whoever comes beyond that gets `Overloaded`: a flood of sign-ins must cost neither memory nor the other requests.
    Its own threads, because work in a thread goes on when its caller is cancelled, and has to keep its place till then.
    """

    def __init__(self, *, profile: Profile = STANDARD, concurrency: int = 4, waiting: int = 64) -> None:
        self._hasher = PasswordHasher(
            time_cost=profile.passes, memory_cost=profile.memory_kib, parallelism=profile.lanes
        )
        self._nothing = _hash_of_nothing(profile, self._hasher)
        self._pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="passwords")
        self._most = concurrency + waiting
        self._present = 0
        self._lock = threading.Lock()

    async def hash(self, password: str) -> str:
        """Return argon2id's own text, with a salt of its own; raises `InvalidRequest` for what cannot be hashed."""
        data = _as_bytes(password)
        if data is None:
            raise InvalidRequest("The password is too long or not valid Unicode.", param="password")
        return await self._run(lambda: self._hasher.hash(data))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed.

        Without a hash (no such user, no password set), or with a password that none can have, the same work is done
        on a hash that nothing fits, and the answer is False: the time taken does not tell users from strangers.
        """
        data = _as_bytes(password)
        if kept is None or data is None:
            await self._run(lambda: self._fits(self._nothing, b"" if data is None else data))
            return False
        return await self._run(lambda: self._fits(kept, data))

    def needs_rehash(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        try:
            return self._hasher.check_needs_rehash(kept)
        except InvalidHashError:
            return True

    def close(self) -> None:
        """Let the threads end; what waits is given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _fits(self, kept: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        with self._lock:
            if self._present >= self._most:
                raise Overloaded("Too many people are signing in at once.", retry_after=1.0)
            self._present += 1
        future = self._pool.submit(work)
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: "Future[_Result]") -> None:
        with self._lock:
            self._present -= 1


def _as_bytes(password: str) -> bytes | None:
    try:
        data = password.encode("utf-8")
    except UnicodeEncodeError:
        return None
    return data if len(data) <= MOST_BYTES else None


def _hash_of_nothing(profile: Profile, hasher: PasswordHasher) -> str:
    """Return a well-formed hash that nobody ever computed: verifying against it costs the same and fails."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode("ascii")
        for size in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v=19$m={profile.memory_kib},t={profile.passes},p={profile.lanes}${salt}${digest}"
