"""Is there room for what is written?"""

import asyncio
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.services import Services

MIB: Final = 1024 * 1024


class DiskCondition(ConditionCheck):
    """Looks at the file system of the data folder. It warns while there is time: what is full can only be read."""

    name = "disk"
    group: Group = "dependency"
    every_s = 30.0
    deadline_s = 5.0

    def __init__(self, *, folder: Path, warn_below: int = 1024 * MIB, fail_below: int = 100 * MIB) -> None:
        self._folder = folder
        self._warn_below = warn_below
        self._fail_below = fail_below

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at the data folder."""
        yield cls(folder=services.settings.data_dir)

    async def look(self) -> Diagnosis:
        """Say how much is left; facts: `free_bytes`, `total_bytes`."""
        try:
            # in a thread: a network's file system may not answer
            usage = await asyncio.to_thread(shutil.disk_usage, self._folder)
        except OSError as error:
            return Diagnosis("fail", f"The data folder cannot be looked at: {error.strerror}.")
        facts = {"free_bytes": usage.free, "total_bytes": usage.total}
        if usage.free >= self._warn_below:
            return Diagnosis("pass", None, facts)
        reason = f"Only {usage.free // MIB} MiB are left for the data folder: free some, or lower ULTRA_RETENTION_DAYS."
        return Diagnosis("fail" if usage.free < self._fail_below else "warn", reason, facts)
