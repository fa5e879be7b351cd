"""Valkey goes away and comes back."""

from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect
from ultra.readiness.steps._health import is_alive, until_all_say, until_ready

_PART = "shared_limits"


class OutageCounters(Step):
    """Stops Valkey and looks at what the server says and still does."""

    name = "outage-valkey"
    title = "Without Valkey: served on, limited locally, and said so"
    advice = "Health must not call well what is not: read the log for what was noticed, and when."
    needs = frozenset({Need.ADMIN, Need.MODELS, Need.DEPENDENCIES})
    turn = 10
    patience_s = 120.0

    async def check(self, stage: Stage) -> str:
        """Stop it, look, start it, look."""
        operator, limited = await stage.person("operator"), await stage.person("viewer", requests_per_minute=10)
        await until_all_say(stage, operator.client, _PART, "pass")
        await stage.tools.stop("counters")
        reason = await until_all_say(stage, operator.client, _PART, "warn", "fail")
        await until_ready(stage, 200)
        await is_alive(stage)
        statuses = [
            (await limited.client.ask("GET", "/api/auth/me", waits=False)).status for _ in range(24)
        ]  # each of two workers counts up to half of the limit
        expect(set(statuses) == {200, 429}, f"Limits without Valkey: {sorted(set(statuses))} instead of 200, then 429.")
        expect(statuses.count(200) <= 14, f"{statuses.count(200)} requests passed a limit of 10 a minute.")
        await stage.tools.start("counters")
        await until_all_say(stage, operator.client, _PART, "pass")
        return f"Noticed ({reason}) and limited locally meanwhile; well again after its return."
