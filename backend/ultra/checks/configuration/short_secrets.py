"""Is each secret long enough?"""

from collections.abc import Iterator
from typing import Final

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.checks.strength import LEAST_BYTES, is_short, judged, parts, remedy
from ultra.domain.findings import Finding

_NO_RING: Final = f"is no list of `name:secret` whose secrets have {LEAST_BYTES} bytes or more and do not repeat."


class ShortSecrets(Check):
    """A secret has fewer than 32 bytes, or a ring of secrets cannot be read."""

    name = "U021"
    title = "A secret is too short"
    why = "Short secrets are found by trying. What signs tokens is attacked offline, at billions of guesses a second."
    mend = (
        "Generate a new one. A ring is `name:secret,name:secret`; the first one signs, the others are still accepted."
    )
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        for reference, value in judged(case.settings):
            found = parts(reference.name, value)
            if found is None:
                yield self.finding(reference.name, _NO_RING, remedy(case.settings, reference.name))
            elif any(is_short(each) for each in found):
                yield self.finding(
                    reference.name, f"is shorter than {LEAST_BYTES} bytes.", remedy(case.settings, reference.name)
                )
