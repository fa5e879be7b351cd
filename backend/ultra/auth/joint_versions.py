"""One question for all who ask at the same moment whether a user is still what it was."""

import asyncio
from collections.abc import Mapping, Sequence

from ultra.domain.access import Versions


class JointVersions:
    """Keeps the promise `Versions` in front of another keeper of it, which is asked by one request at a time.

    Who comes while it is being asked waits, and is asked for together with all others who came meanwhile: every
    answer was read after it was asked for, and a crowd costs hardly more than one. A caller who is alone asks itself.
    """

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._is_asking = False
        self._waiting: list[tuple[Sequence[str], asyncio.Future[Mapping[str, int] | None]]] = []
        self._crowd: asyncio.Task[None] | None = None

    async def of(self, user_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the present version of each user, perhaps among others; a missing one was deleted."""
        if self._is_asking:
            answer: asyncio.Future[Mapping[str, int] | None] = asyncio.get_running_loop().create_future()
            self._waiting.append((user_ids, answer))
            found = await answer
            return await self._versions.of(user_ids) if found is None else found
        self._is_asking = True
        try:
            return await self._versions.of(user_ids)
        finally:
            self._go_on()

    def _go_on(self) -> None:
        self._is_asking = bool(self._waiting)
        if self._is_asking:
            self._crowd = asyncio.create_task(self._ask_for_all())

    async def _ask_for_all(self) -> None:
        crowd, self._waiting = self._waiting, []
        found: Mapping[str, int] | None = None
        try:
            found = await self._versions.of(sorted({user_id for user_ids, _ in crowd for user_id in user_ids}))
        except Exception:  # noqa: BLE001 - each asks for itself then, and hears of the trouble itself
            found = None
        finally:
            for _, answer in crowd:
                if not answer.done():
                    answer.set_result(found)
            self._go_on()
