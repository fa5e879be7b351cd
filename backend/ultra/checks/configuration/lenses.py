"""Can the operator's own lenses be read?"""

from collections.abc import Iterator

from ultra.analysis import known_flows
from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding
from ultra.patterns import PatternInvalid, load


class Lenses(Check):
    """The folder of `ULTRA_LENS_DIR` does not exist, or a lens in it is not valid."""

    name = "U074"
    title = "A lens cannot be used"
    why = "A lens decides what models are asked. A broken one would be missing, or ask half of it."
    mend = (
        "The finding names the file and the line. [Write a lens](../../how-to/write-a-lens.md) says what belongs where."
    )

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        folder = case.settings.lens_dir
        if folder is None:
            return
        try:
            load(folders=[folder], flows=known_flows())
        except PatternInvalid as invalid:
            for problem in invalid.problems:
                yield self.finding("ULTRA_LENS_DIR", f"{problem}.", "Mend the file, or remove it.")
