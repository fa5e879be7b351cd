"""One question for all who ask at the same moment whether a user is still what it was."""

import asyncio
from collections.abc import Mapping, Sequence
from copy import copy
from typing import TypeAlias

from ultra.domain.access import Versions
from ultra.domain.errors import Unavailable

_Crowd: TypeAlias = list[tuple[Sequence[str], asyncio.Future[Mapping[str, int] | None]]]


class JointVersions:
    """Keeps the promise `Versions` in front of another keeper of it, which is asked by one request at a time.

    Who comes while it is being asked waits, and is asked for together with all others who came meanwhile: every
    answer was read after it was asked for, and a crowd costs hardly more than one. A caller who is alone asks itself.
    Whoever waits while the keeper turns out to be away hears so at once: asking one after the other, each would wait
    for a hanging store as many times over.
    """

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._is_asking = False
        self._waiting: _Crowd = []
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
        except Unavailable as error:
            self._turn_away(error)
            raise
        finally:
            self._go_on()

    def _turn_away(self, error: Unavailable) -> None:
        crowd, self._waiting = self._waiting, []
        _tell(crowd, error)

    def _go_on(self) -> None:
        self._is_asking = bool(self._waiting)
        if self._is_asking:
            self._crowd = asyncio.create_task(self._ask_for_all())

    async def _ask_for_all(self) -> None:
        crowd, self._waiting = self._waiting, []
        found: Mapping[str, int] | Unavailable | None = None
        try:
            found = await self._versions.of(sorted({user_id for user_ids, _ in crowd for user_id in user_ids}))
        except Unavailable as error:
            found = error
            self._turn_away(error)
        except Exception:  # noqa: BLE001 - each asks for itself then, and hears of the trouble itself
            found = None
        finally:
            _tell(crowd, found)
            self._go_on()


def _tell(crowd: _Crowd, found: Mapping[str, int] | Unavailable | None) -> None:
    """Give each who still waits the same answer; an error of its own, since raising it writes on it."""
    for _, answer in crowd:
        if answer.done():
            continue
        if isinstance(found, Unavailable):
            answer.set_exception(copy(found))
            answer.exception()  # told, also if whoever waits leaves before it reads it
        else:
            answer.set_result(found)
