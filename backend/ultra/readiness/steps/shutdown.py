"""The server is told to leave while people are being answered."""

import asyncio
from contextlib import suppress
from typing import Any

from ultra.readiness.asking import Client
from ultra.readiness.replies import events
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, Unmet, expect
from ultra.readiness.steps.completion import question

_CHAT = "/v1/chat/completions"
_SHORT, _LONG = "first", "second"
_STREAMS = 8


class Shutdown(Step):
    """Sends SIGTERM with streams open: some can end in time, others cannot."""

    name = "shutdown"
    title = "SIGTERM under load: streams end or say why, and nothing is cut off"
    advice = "Give the server more than ULTRA_SHUTDOWN_GRACE_S before SIGKILL (Kubernetes, systemd, Docker alike)."
    needs = frozenset({Need.ADMIN, Need.MODELS, Need.PROCESSES})
    turn = 20
    patience_s = 120.0

    async def check(self, stage: Stage) -> str:
        """Open streams, tell it to leave, listen to every end, start it again."""
        client = (await stage.person()).client
        tools = stage.tools
        await tools.arm("stall-after-2-2s", model=_SHORT, times=_STREAMS)
        await tools.arm("stall-after-2-600s", model=_LONG, times=_STREAMS)
        models = [_SHORT, _LONG] * (_STREAMS // 2)
        listeners = [asyncio.create_task(_listen(client, f"acme/{model}")) for model in models]

        async def are_open() -> bool:
            return [*await tools.asked(_SHORT), *await tools.asked(_LONG)].count("open") == _STREAMS

        try:
            await stage.until(are_open, 40, f"{_STREAMS} streams are open")
            await tools.ask_to_leave()
            await _is_shut(stage)
            ends = await asyncio.gather(*listeners)
            code = await tools.left()
        finally:
            for each in listeners:
                each.cancel()
            await tools.mend()
        _judge(dict(zip(models, ends, strict=True)), models, ends)
        expect(code == 0, f"It left with exit code {code}.")
        return f"{ends.count('done')} streams ended whole, {ends.count('told')} said why they could not, none was cut."


def _judge(by_model: dict[str, str], models: list[str], ends: list[str]) -> None:
    cut = [f"acme/{model}: {end}" for model, end in zip(models, ends, strict=True) if end not in ("done", "told")]
    expect(not cut, f"Streams were dropped: {'; '.join(cut)}.")
    expect(by_model[_SHORT] == "done", "A stream that could have ended in time was not let.")


async def _listen(client: Client, model: str) -> str:
    """Return how a stream ended: `done`, `told` (an error inside it), or what else happened."""
    last: Any = None
    try:
        async with client.opened("POST", _CHAT, json=question(model, stream=True)) as response:
            if response.status != 200:
                return f"status {response.status}"
            async for event in events(response.content.iter_any()):
                if event.data == "[DONE]":
                    return "done"
                last = event.json
    except Unmet as error:
        return str(error)
    return "told" if isinstance(last, dict) and "error" in last else "it ended without a word"


async def _is_shut(stage: Stage) -> None:
    """Wait until nobody new is let in: no connection, or not ready."""

    async def is_so() -> bool:
        with suppress(Unmet):
            return (await stage.stranger().ask("GET", "/health/ready", patience=5)).status == 503
        return True

    await stage.until(is_so, 5, "it lets nobody in after SIGTERM")
