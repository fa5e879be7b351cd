"""Is every refusal written down?"""

from collections.abc import Iterable
from typing import Self

from ultra.checks.conditions.check import ConditionCheck, Diagnosis, Group
from ultra.checks.conditions.ledger import Writing
from ultra.checks.conditions.losses import Losses
from ultra.services import Services
from ultra.system import System


class AuditCondition(ConditionCheck):
    """Looks at the entries of refusals, written a moment later. A change's entry is in the change's own transaction."""

    name = "audit"
    group: Group = "service"
    every_s = 5.0

    def __init__(self, *, witness: Writing, system: System) -> None:
        self._witness = witness
        self._losses = Losses(system=system)

    @classmethod
    def of(cls, services: Services) -> Iterable[Self]:
        """Look at the house's own."""
        yield cls(witness=services.access.witness, system=services.system)

    async def look(self) -> Diagnosis:
        """Say what was lost; facts: `waiting`, `capacity`, `lost` since the start."""
        witness = self._witness
        facts = {"waiting": witness.waiting, "capacity": witness.capacity, "lost": witness.lost}
        if self._losses.are_recent(witness.lost):
            return Diagnosis("warn", f"{witness.lost} refusals since the start are missing from the audit.", facts)
        return Diagnosis("pass", None, facts)
