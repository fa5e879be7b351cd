"""One model answers, whole and as a stream."""

from decimal import Decimal
from typing import Any

from ultra.readiness.asking import Client
from ultra.readiness.purse import Bill
from ultra.readiness.replies import read_events
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_CHAT = "/v1/chat/completions"


class Completion(Step):
    """Asks one model of each wire the same question twice."""

    name = "completion"
    title = "A completion is answered whole and streamed, with its cost"
    advice = "Ask the same with `ultra ask` on the server; /api/requests/{id} says what happened to a request."
    needs = frozenset({Need.ADMIN, Need.MODELS})

    async def check(self, stage: Stage) -> str:
        """Ask, and compare both answers."""
        client = (await stage.person()).client
        models = [stage.models[0], *await _of_vendors(client, stage)]
        for model in models:
            with stage.paying(question(model)) as bill:
                whole = await _whole(client, model, bill)
            with stage.paying(question(model)):
                streamed = await _streamed(client, model)
            if stage.kind == "rehearsal":
                expect(streamed == whole, f"Streamed, {model} says something else than whole.")
        return f"Asked {', '.join(models)}, each twice."


async def _of_vendors(client: Client, stage: Stage) -> list[str]:
    """Return one usable model of each vendor whose mock stands in."""
    listed = (await client.get("/api/available-models")).expect(200).json["models"]
    usable = [each for each in listed if each["usable"] and each["kind"] == "upstream"]
    return [next(each["id"] for each in usable if each["provider"] == vendor) for vendor in stage.vendors]


def question(model: str, **more: Any) -> dict[str, Any]:
    """Return a short question to one model."""
    asked = [{"role": "user", "content": "Name three colours of the rainbow."}]
    return {"model": model, "messages": asked, "max_tokens": 64, "seed": 7, **more}


async def _whole(client: Client, model: str, bill: Bill) -> str:
    reply = (await client.post(_CHAT, question(model))).expect(200)
    answer = reply.json
    expect(answer["object"] == "chat.completion", f"{model} was not answered with a completion.")
    expect(answer["usage"]["completion_tokens"] > 0, f"The answer of {model} counts no tokens.")
    cost = answer["ultra"]["cost_usd"]
    bill.read(cost)
    expect(cost is None or Decimal(cost) >= 0, f"The answer of {model} costs {cost}.")
    expect(reply.get("x-ultra-cost-usd") == cost, f"The cost in the header of {model} is another one.")
    receipt = (await client.get(f"/api/requests/{reply.get('x-request-id')}")).expect(200).json
    expect(receipt, "Nothing is known of the request afterwards.")
    text: str = answer["choices"][0]["message"]["content"]
    expect(text, f"{model} said nothing.")
    return text


async def _streamed(client: Client, model: str) -> str:
    asked = question(model, stream=True, stream_options={"include_usage": True})
    reply = (await client.post(_CHAT, asked)).expect(200)
    media = reply.get("content-type") or ""
    expect(media.startswith("text/event-stream"), f"The stream of {model} is {media}.")
    events = read_events(reply.body)
    expect(events and events[-1].data == "[DONE]", f"The stream of {model} does not end with [DONE].")
    chunks = [event.json for event in events[:-1]]
    expect(any(chunk.get("usage") for chunk in chunks), f"The stream of {model} tells no usage.")
    ends = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"] if choice["finish_reason"]]
    expect(ends, f"The stream of {model} says not why it ends.")
    said = [choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"]]
    return "".join(said)
