"""The whole report of the server's health, for those who look after it."""

from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect
from ultra.readiness.steps._health import parts

_STATES = frozenset({"pass", "warn", "fail"})
_MEMBERS = frozenset({"status", "reason", "since", "checked_at"})


class HealthReport(Step):
    """Reads /api/health as somebody who may and as somebody who may not."""

    name = "health-report"
    title = "The health of every part is told to those who may know"
    advice = "Read `reason` of the parts that are not `pass`; the runbook says what to do about each."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Look at every part once all are known."""
        (await (await stage.person()).client.get("/api/health")).refused(403)
        client = (await stage.person("operator")).client

        async def settled() -> bool:
            return all(part["status"] != "fail" for part in (await parts(client)).values())

        await stage.until(settled, 30, "no part fails")
        found = await parts(client)
        expect("database" in found, "The report does not speak of the database.")
        for name, part in found.items():
            missing = _MEMBERS - set(part)
            expect(not missing, f"Of {name} the report does not tell {', '.join(sorted(missing))}.")
            expect(part["status"] in _STATES, f"{name} is {part['status']}.")
            expect(part["status"] == "pass" or part["reason"], f"{name} is not well and does not say why.")
        unwell = [f"{name}: {part['reason']}" for name, part in found.items() if part["status"] != "pass"]
        return f"{len(found)} parts. " + (" ".join(unwell) if unwell else "All are well.")
