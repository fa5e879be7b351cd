"""A run asks several models and says how far its verdict can be trusted."""

from contextlib import nullcontext
from decimal import Decimal
from typing import Any

from ultra.readiness.asking import Client
from ultra.readiness.purse import Bill
from ultra.readiness.replies import Event, read_events
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, NotRun, Step, expect

_PANEL = 3
_BUDGET = Decimal("0.25")
_LEAST = Decimal("0.001")


class Run(Step):
    """Begins one run, reads its verdict, and replays its journal."""

    name = "run"
    title = "A run gives a verdict, and its journal can be read from any place"
    advice = "Read the run's `warnings` and the answers that failed; /api/available-models says which models work."
    needs = frozenset({Need.ADMIN, Need.MODELS})
    patience_s = 180.0

    async def check(self, stage: Stage) -> str:
        """Ask three models, look at the verdict, then at the journal, whole and from its middle."""
        client = (await stage.person()).client
        panel = list(stage.models[1 : 1 + _PANEL] or stage.models)
        run = await _paid(client, stage, {"prompt": "What is 17 times 3?", "models": panel, "deadline_s": 90})
        _judge(run, panel)
        place = f"/api/analyses/{run['id']}"
        kept = (await client.get(place)).expect(200).json
        expect(kept["text"] == run["text"], "Read again, the run has another text.")
        journal = await _journal(client, place)
        numbers = [int(event.id) for event in journal]
        expect(numbers == list(range(1, len(journal) + 1)), "The journal's numbers have gaps.")
        names = [event.name for event in journal]
        expect(
            names[0] == "run.started" and names[-1] == "run.done", f"The journal goes from {names[0]} to {names[-1]}."
        )
        rest = await _journal(client, place, ("last-event-id", str(len(journal) // 2)))
        expect(rest == journal[len(journal) // 2 :], "Resumed in the middle, the journal says something else.")
        listed = (await client.get("/api/analyses")).expect(200).json["data"]
        expect([each["id"] for each in listed] == [run["id"]], "The run does not stand in the history.")
        (await client.ask("DELETE", place)).expect(204)
        (await client.get(place)).refused(404)
        return f"{run['answered']} of {run['asked']} answered, {run['status']}, {len(journal)} events."


async def _paid(client: Client, stage: Stage, asked: dict[str, Any]) -> dict[str, Any]:
    """Begin a run within what may be spent, and return it as it ended."""
    purse = stage.purse if stage.kind == "deployment" else None
    budget = _BUDGET if purse is None else min(_BUDGET, purse.left)
    if budget < _LEAST:
        raise NotRun(f"Only ${budget:.4f} are left under the cap: raise --max-usd.")
    with nullcontext(Bill()) if purse is None else purse.paying(budget) as bill:
        reply = await client.post("/api/analyze", {**asked, "budget_usd": f"{budget:.6f}"}, patience=120)
        run: dict[str, Any] = reply.expect(200).json
        bill.read(run["cost"]["usd"])
    return run


def _judge(run: dict[str, Any], panel: list[str]) -> None:
    expect(run["status"] in ("complete", "single"), f"The run ended as {run['status']}: {run.get('warnings')}.")
    expect(run["asked"] == run["answered"] == len(panel), f"{run['answered']} of {run['asked']} models answered.")
    expect(run["text"], "The verdict has no text.")
    expect(Decimal(run["cost"]["usd"] or 0) >= 0, "The cost is no amount.")


async def _journal(client: Client, place: str, *headers: tuple[str, str]) -> list[Event]:
    reply = await client.get(f"{place}/events", headers=headers)
    return [event for event in read_events(reply.expect(200).body) if event.id]
