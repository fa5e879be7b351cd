"""Is it set up as it should be?"""

from collections.abc import Callable, Iterable, Sequence
from typing import Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.domain.findings import Finding, Health, at_least
from ultra.services import Services


class ConfigurationCondition(ConditionCheck):
    """Repeats what the checks of the configuration find, so that whoever looks after a server sees it there too."""

    name = "configuration"
    group: Group = "configuration"
    every_s = 60.0

    def __init__(self, *, findings: Callable[[], Sequence[Finding]]) -> None:
        self._findings = findings

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at what was found when the configuration in force was read."""
        yield cls(findings=lambda: services.reloading.loaded.findings)

    async def look(self) -> Diagnosis:
        """Say how many there are; fact: `findings`, each with `id`, `level`, `setting`, `sentence` and `hint`."""
        findings = self._findings()
        facts = {
            "findings": [
                {
                    "id": each.id,
                    "level": each.level,
                    "setting": each.setting,
                    "sentence": each.sentence,
                    "hint": each.hint,
                }
                for each in findings
            ]
        }
        errors, warnings = at_least(findings, "error"), at_least(findings, "warning")
        health: Health = "fail" if errors else "warn" if warnings else "pass"
        if health == "pass":
            return Diagnosis("pass", None, facts)
        return Diagnosis(health, f"{len(warnings)} findings, of which {len(errors)} are errors.", facts)
