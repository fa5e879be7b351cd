"""The server answers, and says what it is."""

from ultra.readiness.stage import Stage
from ultra.readiness.step import Step, expect


class Alive(Step):
    """Asks what a load balancer asks."""

    name = "alive"
    title = "The server is alive, ready, and says that it is production"
    advice = "Look at the server's log; `ultra check` says what keeps it from starting."

    async def check(self, stage: Stage) -> str:
        """Ask the three public addresses."""
        client = stage.stranger()
        (await client.get("/health/live")).expect(200)
        (await client.get("/health/ready")).expect(200)
        summary = (await client.get("/health")).expect(200).json
        expect(summary["environment"] == "production", f"It says that it is {summary['environment']}.")
        expect("test_mode" not in summary, "It speaks of a test mode.")
        known = {"status", "environment", "version"}
        expect(set(summary) == known, f"It tells strangers more than one line: {sorted(set(summary) - known)}.")
        return f"Version {summary['version']}; its health in one word: {summary['status']}."
