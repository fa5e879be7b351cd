"""Refusals that could not be written down are told of."""

from tests.fakes.audit import FakeAudit
from tests.fakes.system import FakeSystem
from ultra.auth.witness import Witness
from ultra.checks.conditions.audit import AuditCondition
from ultra.domain.access import AuditEntry


class Away(FakeAudit):
    """An audit that takes nothing."""

    async def write(self, entry: AuditEntry) -> None:
        """Refuse."""
        raise OSError(entry.action)


async def test_a_lost_refusal_is_told_of() -> None:
    """The real witness counts it, and the check warns with the count."""
    system = FakeSystem(jumps=False)
    async with Witness(audit=Away(system=system), system=system) as witness:
        check = AuditCondition(witness=witness, system=system)
        assert (await check.look()).health == "pass"
        await witness.write(AuditEntry(action="denied", outcome="refused", actor=None))
        assert (await check.look()).facts["waiting"] == 1
        await system.settled()
        found = await check.look()
        assert (found.health, found.facts) == ("warn", {"waiting": 0, "capacity": 1000, "lost": 1})
