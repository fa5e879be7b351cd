"""PostgreSQL goes away and comes back."""

from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect
from ultra.readiness.steps._health import is_alive, until_all_say, until_ready


class OutageDatabase(Step):
    """Stops PostgreSQL and looks at what the server says."""

    name = "outage-postgresql"
    title = "Without PostgreSQL: not ready, nobody let in, and well again by itself"
    advice = "Health must not call well what is not; connections must be made anew by themselves."
    needs = frozenset({Need.ADMIN, Need.DEPENDENCIES})
    turn = 11
    patience_s = 120.0

    async def check(self, stage: Stage) -> str:
        """Stop it, look, start it, look."""
        operator = await stage.person("operator")
        await stage.tools.stop("database")
        await until_ready(stage, 503)
        await is_alive(stage)
        summary = await stage.stranger().get("/health")
        expect(summary.json["status"] != "pass", "/health says that all is well without a database.")
        newcomer = {"username": operator.name, "password": operator.password}
        (await stage.stranger().ask("POST", "/api/auth/token", json=newcomer, waits=False)).refused(503)
        forged = ("authorization", "Bearer ultra_sk_nobody")
        reply = await stage.stranger().ask("GET", "/api/auth/me", headers=[forged], waits=False)
        expect(reply.status in (401, 503), f"A bad key is answered with {reply.status} without a database.")
        await stage.tools.start("database")
        await until_ready(stage, 200)
        await operator.sign_in()
        await until_all_say(stage, operator.client, "database", "pass")
        return "Not ready while it was away, 503 for everybody who came, well again by itself."
