"""One look at a time, each with an end."""

import asyncio
import logging
from dataclasses import replace
from typing import Final

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, unwell
from ultra.domain.errors import UltraError, Unavailable
from ultra.system import System

_log: Final = logging.getLogger("ultra.checks")


class Looking:
    """Looks at a check's part as often as it is asked to, and always has an answer within the check's deadline.

    A look that does not end in time is cancelled, and left alone if it hangs even then: no second one is begun until
    it is over, so that a dead server does not gather questions.
    """

    def __init__(self, check: ConditionCheck, *, system: System) -> None:
        self._check = check
        self._system = system
        self._looking: asyncio.Future[Diagnosis] | None = None

    async def look(self) -> Diagnosis:
        """Return what is found; never raises anything of the check."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._check.look())
            self._looking.add_done_callback(_retrieve)
            await self._in_time(self._looking)
        if not self._looking.done() or self._looking.cancelled():
            return self._away(Diagnosis("fail", f"It did not answer within {self._check.deadline_s:g} s."))
        error = self._looking.exception()
        if isinstance(error, Unavailable):
            return self._away(unwell(error))
        if isinstance(error, UltraError):
            return unwell(error)
        if error is not None:
            _log.error("%s cannot be looked at", self._check.name, exc_info=error)
            return Diagnosis("fail", f"It cannot be looked at ({type(error).__name__}).")
        return self._looking.result()

    def _away(self, found: Diagnosis) -> Diagnosis:
        return replace(found, is_known=not self._check.is_indirect)

    async def _in_time(self, looking: asyncio.Future[Diagnosis]) -> None:
        deadline = asyncio.ensure_future(self._system.sleep(self._check.deadline_s))
        try:
            await asyncio.wait((looking, deadline), return_when=asyncio.FIRST_COMPLETED)
        finally:
            deadline.cancel()
            looking.cancel()

    async def end(self, *, patience: float) -> None:
        """Let go of a look under way, for at most `patience` seconds."""
        if self._looking is not None and not self._looking.done():
            self._looking.cancel()
            await asyncio.wait((self._looking,), timeout=patience)


def _retrieve(looking: asyncio.Future[Diagnosis]) -> None:
    """Take note of an error that came too late for anybody."""
    if not looking.cancelled():
        looking.exception()
