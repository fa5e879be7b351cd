"""Does every name in `ultra.toml` mean a model?"""

from collections.abc import Iterator

from ultra.checks.case import Case
from ultra.checks.check import Check
from ultra.domain.findings import Finding


class UnresolvedNames(Check):
    """A member of a panel in `ultra.toml` is neither `provider/model` nor an alias."""

    name = "U012"
    title = "A name means no model"
    why = "Whoever asks that panel or alias gets an error instead of an answer."
    mend = "Write `provider/model`, or an alias of the same file."
    moment = "always"

    def find(self, case: Case) -> Iterator[Finding]:
        """Yield what is wrong."""
        toml = case.toml
        if toml is None:
            return
        for panel, members in toml.panels.items():
            if any("/" not in member and member not in toml.aliases for member in members):
                sentence, hint = (
                    "has a member that is not an alias of this file.",
                    "Members are provider/model or an alias.",
                )
                yield self.finding(f"ultra.toml, panels.{panel}", sentence, hint)
