"""Do the deadlines fit together?"""

from collections.abc import Iterator
from typing import Final

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding

_WHOLE: Final = "ULTRA_REQUEST_TIMEOUT_S"


class Deadlines(Check):
    """A wait is longer than the deadline of what it is a part of, or a default is more than the most."""

    name = "U073"
    title = "Deadlines contradict each other"
    why = "The shorter one cuts the longer one off, and whoever set the longer one waits in vain."
    mend = "Raise the one or lower the other, as the finding says."
    level = "warning"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        settings = case.settings
        for name, value, above, most in (
            ("ULTRA_RUN_DEADLINE_S", settings.run_deadline_s, "ULTRA_RUN_MAX_DEADLINE_S", settings.run_max_deadline_s),
            ("ULTRA_CONNECT_TIMEOUT_S", settings.connect_timeout_s, _WHOLE, settings.request_timeout_s),
            ("ULTRA_FIRST_BYTE_TIMEOUT_S", settings.first_byte_timeout_s, _WHOLE, settings.request_timeout_s),
            ("ULTRA_IDLE_TIMEOUT_S", settings.idle_timeout_s, _WHOLE, settings.request_timeout_s),
            ("ULTRA_RETRY_BASE_S", settings.retry_base_s, "ULTRA_RETRY_MAX_S", settings.retry_max_s),
        ):
            if value > most:
                yield self.finding(name, f"is longer than {above}.", "Lower it, or raise the other.")
