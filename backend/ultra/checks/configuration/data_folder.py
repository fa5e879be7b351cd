"""Can Ultra keep its data?"""

import os
from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class DataFolder(Check):
    """The folder of `ULTRA_DATA_DIR` cannot be made or written to."""

    name = "U047"
    title = "The data folder cannot be written to"
    why = "The database file and everything that is generated is kept there."
    mend = (
        "Give it to the account that runs Ultra: `chown`, or another folder in `ULTRA_DATA_DIR`. In a "
        "container it is a volume."
    )

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        folder = case.settings.data_dir
        found = next((each for each in (folder, *folder.parents) if each.exists()), folder)
        if not found.is_dir():
            yield self.finding("ULTRA_DATA_DIR", f"cannot be a folder: {found} is none.", "Name another folder.")
        elif not os.access(found, os.W_OK | os.X_OK):
            hint = "Give it to the account that runs Ultra, or name another folder."
            yield self.finding("ULTRA_DATA_DIR", f"cannot be written to: {found} is closed to this account.", hint)
