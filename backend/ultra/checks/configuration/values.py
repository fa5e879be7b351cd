"""Can each value be what its setting is?"""

from ultra.checks.check import Reported
from ultra.config import Problem, allowed
from ultra.domain.findings import Finding


class Values(Reported):
    """A value is of the wrong kind, outside its bounds, or empty where one is needed."""

    name = "U003"
    title = "A value cannot be used"
    why = "A default in its place would be a surprise, found out later and elsewhere."
    mend = (
        "The finding says what is allowed and in which file and line the value stands; `ultra config explain "
        "NAME` says it at length. The value itself is never shown, because it may be a secret in the wrong "
        "place."
    )
    about = "value"

    def told(self, problem: Problem) -> Finding:
        """Say what would be allowed where nothing else is said."""
        hint = problem.hint or f"Allowed: {allowed(problem.setting)}."
        return self.finding(problem.setting, problem.sentence, hint)
