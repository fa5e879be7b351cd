"""Metrics are there for who may read them."""

import re

from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_LINE = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? [-+0-9.eEInfNa]+( \d+)?")
_SOME = 5


class Metrics(Step):
    """Reads /metrics as a stranger, as a member and as an operator."""

    name = "metrics"
    title = "Metrics can be read with permission, and only with it"
    advice = "Give the scraper a key of an operator with the scope metrics:read, or use the metrics port of its own."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Ask without, with too little, and with enough."""
        (await stage.stranger().get("/metrics")).refused(401)
        member, operator = await stage.person(), await stage.person("operator")
        (await member.client.get("/metrics")).refused(403)
        reply = (await operator.client.get("/metrics")).expect(200)
        lines = [line for line in reply.text.splitlines() if line and not line.startswith("#")]
        wrong = next((line for line in lines if not _LINE.fullmatch(line)), None)
        expect(wrong is None, f"A line is no metric: {wrong}")
        own = {line.partition("{")[0].partition(" ")[0] for line in lines if line.startswith("ultra_")}
        expect(len(own) >= _SOME, f"Only {len(own)} metrics of Ultra's own are there.")
        expect(member.id not in reply.text and member.name not in reply.text, "Metrics name a user.")
        return f"{len(own)} metrics, {len(lines)} lines."
