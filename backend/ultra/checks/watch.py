"""Looks after the parts of a running server, in the background, and remembers how they are."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from ultra.checks import conditions
from ultra.checks.conditions.check import ConditionCheck, Diagnosis
from ultra.checks.conditions.looking import Looking
from ultra.discovery import collect
from ultra.domain.findings import Condition, Health
from ultra.domain.observations import ConditionChanged
from ultra.domain.ports import Observer
from ultra.services import Services
from ultra.system import System

AGAIN_S: Final = 5.0
"""What is not well is looked at again this soon, so that its return is seen."""

SOON_S: Final = 1.0
"""Where nothing is known yet, soon there will be."""

_JITTER: Final = 0.1
_PATIENCE_S: Final = 5.0
_UNSEEN: Final = "It has not been looked at yet."

_log: Final = logging.getLogger("ultra.checks")


@dataclass(slots=True)
class _Patient:
    check: ConditionCheck
    looking: Looking
    condition: Condition
    looked: asyncio.Event = field(default_factory=asyncio.Event)
    is_known: bool = False
    doubt: Health | None = None
    """What was seen last and is not believed yet."""
    doubts: int = 0


class Watch:
    """Has every check looked at in its own time; open it with `async with`. What it says is read from memory.

    Entering waits until whatever the server needs to serve has been looked at once. What nobody has looked at is not
    well: `fail` where it is needed, else `warn`. A look that finds nothing out leaves what was known before. One that
    hangs or breaks delays no other. The observer is told of every change of health once, and of the first time that
    something is known, whose `before` is None.
    """

    def __init__(
        self,
        *,
        checks: Iterable[ConditionCheck],
        is_leaving: Callable[[], bool],
        observer: Observer,
        system: System,
    ) -> None:
        self._is_leaving = is_leaving
        self._observer = observer
        self._system = system
        self._dice = system.dice()
        self._patients = [_patient(check, system) for check in checks]
        self._rounds: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._rounds = [asyncio.create_task(self._look_on(each), name=each.check.name) for each in self._patients]
        try:
            for patient in self._patients:
                if patient.check.is_needed:
                    await patient.looked.wait()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    @property
    def is_leaving(self) -> bool:
        """Whether the server is shutting down."""
        return self._is_leaving()

    @property
    def is_ready(self) -> bool:
        """Whether everything that is needed to serve can do its work, and the server means to stay."""
        needed = [each.condition.health for each in self._patients if each.check.is_needed]
        return "fail" not in needed and not self.is_leaving

    @property
    def health(self) -> Health:
        """Say in one word how the server is: `fail` when it cannot serve, `warn` when anything is not `pass`."""
        if not self.is_ready:
            return "fail"
        return "pass" if all(each.condition.health == "pass" for each in self._patients) else "warn"

    def conditions(self) -> Sequence[tuple[ConditionCheck, Condition]]:
        """Return how every part was when it was last looked at."""
        return tuple((each.check, each.condition) for each in self._patients)

    def replace_checks(self, checks: Iterable[ConditionCheck]) -> None:
        """Watch over these from now on: what is known of a part stays as long as its name is among them."""
        wanted = {each.name: each for each in checks}
        gone = [each for each in self._patients if each.check.name not in wanted]
        known = {each.check.name for each in self._patients}
        for task in self._rounds:
            if task.get_name() in {each.check.name for each in gone}:
                task.cancel()
        come = [_patient(check, self._system) for name, check in wanted.items() if name not in known]
        self._patients = [each for each in self._patients if each not in gone] + come
        self._rounds += [asyncio.create_task(self._look_on(each), name=each.check.name) for each in come]

    async def _end(self) -> None:
        for task in self._rounds:
            task.cancel()
        await asyncio.gather(*self._rounds, return_exceptions=True)
        await asyncio.gather(*(each.looking.end(patience=_PATIENCE_S) for each in self._patients))

    async def _look_on(self, patient: _Patient) -> None:
        while True:
            self._note(patient, await patient.looking.look())
            patient.looked.set()
            await self._system.sleep(_pause(patient) * self._dice.uniform(1 - _JITTER, 1 + _JITTER))

    def _note(self, patient: _Patient, found: Diagnosis) -> None:
        now, before, is_first = self._system.now(), patient.condition, not patient.is_known
        if not found.is_known:
            if is_first:
                patient.condition = replace(before, reason=found.reason, checked_at=now, facts=found.facts)
            return
        if found.health != before.health and not is_first and self._is_doubtful(patient, found.health):
            patient.condition = replace(before, checked_at=now)
            return
        patient.doubt, patient.doubts = None, 0
        is_same = found.health == before.health and not is_first
        since = before.since if is_same else now
        patient.condition = Condition(patient.check.name, found.health, found.reason, since, now, found.facts)
        patient.is_known = True
        if not is_same:
            self._tell(patient.condition, None if is_first else before.health)

    def _is_doubtful(self, patient: _Patient, found: Health) -> bool:
        """Count how often something else was seen in a row; being unable to work, or able again, is never doubted."""
        if "fail" in (found, patient.condition.health):
            return False
        patient.doubts = patient.doubts + 1 if patient.doubt == found else 1
        patient.doubt = found
        return patient.doubts < patient.check.steady

    def _tell(self, now: Condition, before: Health | None) -> None:
        if now.health != "pass":
            _log.warning("%s: %s: %s", now.name, now.health, now.reason)
        elif before is not None:
            _log.info("%s is well again", now.name)
        self._observer.notice(ConditionChanged(now.checked_at, now.name, before, now.health, now.reason))


def _pause(patient: _Patient) -> float:
    """Return the seconds until the next look: fewer while nothing is known, and while something is not well."""
    every_s = patient.check.every_s
    if not patient.is_known:
        return min(every_s, SOON_S)
    is_well = patient.condition.health == "pass" and patient.doubt is None
    return every_s if is_well else min(every_s, AGAIN_S)


def checks_of(services: Services) -> Sequence[ConditionCheck]:
    """Return every check that is found, for every part that a house has now."""
    kinds = collect(conditions, ConditionCheck)  # type: ignore[type-abstract]  # the kind, not an instance
    return [check for kind in kinds.values() for check in kind.of(services)]


def watch_over(services: Services) -> Watch:
    """Return the watch over a house: every check that is found, for every part that there is."""
    return Watch(
        checks=checks_of(services),
        is_leaving=lambda: services.is_leaving,
        observer=services.vitals.observer,
        system=services.system,
    )


def _patient(check: ConditionCheck, system: System) -> _Patient:
    now: datetime = system.now()
    unseen = Condition(check.name, "fail" if check.is_needed else "warn", _UNSEEN, now, now)
    return _Patient(check, Looking(check, system=system), unseen)
