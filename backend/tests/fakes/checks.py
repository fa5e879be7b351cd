"""A check that finds what a test tells it to find."""

import asyncio
from collections.abc import Iterable
from typing import Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.services import Services

_WELL = Diagnosis("pass")


class FakeCheck(ConditionCheck):
    """Finds `found`, raises it if it is an error, or does not answer while it is None. `looks` counts.

    A `stubborn` one does not even answer when it is cancelled, until it is let `go`.
    """

    name = "fake"
    group: Group = "service"
    every_s = 10.0

    def __init__(self, name: str = "fake", found: Diagnosis | Exception | None = _WELL) -> None:
        self.name = name
        self.found = found
        self.looks = 0
        self.is_stubborn = False
        self.go = asyncio.Event()

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """There is none in any house."""
        del services
        return ()

    async def look(self) -> Diagnosis:
        """Do as told."""
        self.looks += 1
        while self.found is None:
            try:
                await self.go.wait()
            except asyncio.CancelledError:
                if not self.is_stubborn:
                    raise
        if isinstance(self.found, Exception):
            raise self.found
        return self.found
