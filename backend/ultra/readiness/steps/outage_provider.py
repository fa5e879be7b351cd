"""A provider goes away and comes back."""

import asyncio

from ultra.readiness.asking import Client
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, NotRun, Step, expect
from ultra.readiness.steps._health import until_all_say, until_ready
from ultra.readiness.steps.completion import question

_CHAT = "/v1/chat/completions"
_ACME = "acme/gamma"
_OFTEN = 12


class OutageProvider(Step):
    """Stops one of two upstream servers."""

    name = "outage-provider"
    title = "Without one provider: the others serve, and it is said which is away"
    advice = "One provider must not slow another; look at breakers in /api/health and attempts in /api/requests/{id}."
    needs = frozenset({Need.ADMIN, Need.MODELS, Need.DEPENDENCIES})
    turn = 12
    patience_s = 150.0

    async def check(self, stage: Stage) -> str:
        """Stop it, ask it and another one, start it, ask again."""
        operator = await stage.person("operator")
        client = operator.client
        other = await _another(client, stage)
        await stage.tools.stop("provider")

        async def is_refused() -> bool:
            return set(await _ask_often(client)) <= {502, 503}

        await stage.until(is_refused, 40, "asking what is away is answered with 502 or 503")
        expect(await _ask(client, other) == 200, f"{other} is not answered while acme is away.")
        reason = await until_all_say(stage, client, "acme", "warn", "fail", meanwhile=lambda: _ask_often(client))
        await until_all_say(stage, client, other.partition("/")[0], "pass")
        await until_ready(stage, 200)
        await stage.tools.start("provider")

        async def is_back() -> bool:
            return set(await _ask_often(client)) == {200}

        await stage.until(is_back, 60, "acme answers again")
        await until_all_say(stage, client, "acme", "pass", patience=60, meanwhile=lambda: _ask_often(client))
        return f"{other} went on; acme was told to be away ({reason}), and is back."


async def _ask(client: Client, model: str) -> int:
    return (await client.ask("POST", _CHAT, json=question(model), waits=False)).status


async def _ask_often(client: Client) -> list[int]:
    """Ask so often at once that every worker has heard of it."""
    return await asyncio.gather(*(_ask(client, _ACME) for _ in range(_OFTEN)))


async def _another(client: Client, stage: Stage) -> str:
    """Return a usable model of another provider that is no real one; raises `NotRun` when all are asked for real."""
    if not stage.vendors:
        raise NotRun("Every other provider is a real one here, which costs money: leave one key out.")
    listed = (await client.get("/api/available-models?available=true&kind=upstream")).expect(200).json["models"]
    return str(next(each["id"] for each in listed if each["provider"] == stage.vendors[0]))
