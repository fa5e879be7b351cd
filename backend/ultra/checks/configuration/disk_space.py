"""Is there room for what comes?"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class DiskSpace(Check):
    """The disk of the data folder has less than 1 GiB left beside a SQLite database, or less than 100 MiB else."""

    name = "U048"
    title = "The disk is nearly full"
    why = "A full disk stops every write: no run, no audit, no sign-in."
    mend = "Make room, move `ULTRA_DATA_DIR`, or keep less: `ULTRA_RETENTION_DAYS`, `ultra db purge`."
    level = "warning"

    def __init__(self, *, free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free) -> None:
        self._free = free

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        folder = case.settings.data_dir
        found = next((each for each in (folder, *folder.parents) if each.is_dir()), folder)
        least = 1 << 30 if case.settings.database_url.scheme == "sqlite" else 100 << 20
        free = self._free(found)
        if free < least:
            sentence = f"has {free >> 20} MiB left on its disk; {least >> 20} or more are wanted."
            yield self.finding("ULTRA_DATA_DIR", sentence, "Make room, or name a folder on another disk.")
