"""The server is killed in the middle of a run."""

from typing import Any

from ultra.readiness.replies import read_events
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_QUICK, _STUCK = "third", "slow"
_RESUMED_WITHIN_S = 30.0
"""A lease of four seconds, a look every second, one answer: generous, since the machine may be busy."""


class Resume(Step):
    """Kills every process with SIGKILL while one answer is there and another one is not."""

    name = "resume"
    title = "kill -9 in the middle of a run: it is carried on, and paid answers are kept"
    advice = "Runs live in the database alone: look there for the run's journal and lease (ULTRA_RUN_LEASE_S)."
    needs = frozenset({Need.ADMIN, Need.MODELS, Need.PROCESSES})
    turn = 30
    patience_s = 150.0

    async def check(self, stage: Stage) -> str:
        """Begin a run, kill the server, start it again, and wait for the run's end."""
        client, tools = (await stage.person()).client, stage.tools
        await tools.arm("stall-after-2-600s", model=_STUCK, times=1)
        asked = {"prompt": "Why is the sky blue?", "models": [f"acme/{_QUICK}", f"acme/{_STUCK}"], "flow": "compare"}
        begun = await client.post("/api/analyze", {**asked, "deadline_s": 300}, headers=[("prefer", "respond-async")])
        place = begun.expect(202).json["location"]

        async def is_half_done() -> bool:
            run = (await client.get(place)).expect(200).json
            return len(run["answers"]) == 1 and "open" in await tools.asked(_STUCK)

        await stage.until(is_half_done, 40, "one answer is there and the other one is not")
        before = len(await tools.asked(_QUICK))
        await tools.kill()
        await tools.mend()

        async def ended() -> dict[str, Any] | None:
            run: dict[str, Any] = (await client.get(place)).expect(200).json
            return run if run["status"] not in ("queued", "running") else None

        run = await stage.until(ended, _RESUMED_WITHIN_S, "the run is resumed and ends")
        expect((run["status"], run["answered"]) == ("complete", 2), f"It ended as {run['status']}: {run['error']}.")
        again = len(await tools.asked(_QUICK)) - before
        expect(not again, f"The answer that was there was asked for {again} times more.")
        expect(run["cost"]["possible_double_charge"] == 1, "That one call may have been paid twice is not said.")
        events = read_events((await client.get(f"{place}/events")).expect(200).body)
        numbers = [int(event.id) for event in events if event.id]
        expect(numbers == list(range(1, len(numbers) + 1)), "The journal has a seam where it was killed.")
        return f"Resumed and complete; the finished answer was kept, {len(numbers)} events without a gap."
