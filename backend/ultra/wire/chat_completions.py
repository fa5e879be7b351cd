"""`POST /v1/chat/completions`: OpenAI's wire, for one model, an alias or an ensemble."""

from collections.abc import Mapping

import orjson
from starlette.types import Receive, Scope, Send

from ultra.desk.completions import Told
from ultra.desk.desk import Desk
from ultra.domain.completion import Fold
from ultra.domain.errors import InvalidRequest
from ultra.domain.records import decimal_to_json
from ultra.gate.events import EventResponse
from ultra.protocols import openai_chat
from ultra.services import Services


class ChatCompletions:
    """A plain ASGI endpoint: the framework's wrappers cost more than the handler."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the gate has read the body
        """Serve one request."""
        desk: Desk = scope["state"]["desk"]
        body = scope["ultra.json"]
        if not isinstance(body, Mapping):
            raise InvalidRequest("The body must be a JSON object.", hint="Send model and messages as application/json.")
        request = openai_chat.parse(body)
        stores = openai_chat.wants_storage(body)
        _refuse_several(body)
        scope["ultra.facts"]["model"] = request.model
        opening = desk.completions.open(
            scope["ultra.principal"],
            request,
            request_id=scope["ultra.request_id"],
            facts=scope["ultra.facts"],
            store=stores,
        )
        async with opening as told:
            if request.stream:
                await _stream(told, include_usage=openai_chat.wants_usage(body), scope=scope, send=send)
            else:
                await _whole(told, scope=scope, send=send)


def _refuse_several(body: Mapping[str, object]) -> None:
    """One request is one answer here: several would be several calls behind one price and one failure."""
    if body.get("n") not in (None, 1):
        raise InvalidRequest("`n` must be 1.", param="n", hint="Send the request as often as you want answers.")


async def _whole(told: Told, *, scope: Scope, send: Send) -> None:
    services: Services = scope["state"]["services"]
    fold = Fold()
    async for event in told:
        fold.add(event)
        while (more := told.ready()) is not None:
            fold.add(more)
    completion = fold.result()
    extras = told.extras()
    body = openai_chat.answer(
        completion,
        id=services.system.new_id("chatcmpl"),
        created=int(services.system.now().timestamp()),
        model=told.model,
        extra={"ultra": extras},
    )
    headers = {"content-type": "application/json", **_money(told)}
    await _send_whole(send, 200, headers, orjson.dumps(body))


async def _stream(told: Told, *, include_usage: bool, scope: Scope, send: Send) -> None:
    services: Services = scope["state"]["services"]
    writer = openai_chat.ChunkWriter(
        id=services.system.new_id("chatcmpl"),
        created=int(services.system.now().timestamp()),
        model=told.model,
        include_usage=include_usage,
    )
    opening = EventResponse(send, system=services.system, keepalive=writer.keepalive(), explain=writer.error)
    async with opening as response:
        async for event in told:
            frames = writer.write(event)
            while (more := told.ready()) is not None:  # what came together goes out together
                frames += writer.write(more)
            await response.write(frames)
        await response.write(writer.end({"ultra": told.extras()}))


def _money(told: Told) -> dict[str, str]:
    spent = decimal_to_json(told.cost_usd)
    return {} if spent is None else {"x-ultra-cost-usd": spent}


async def _send_whole(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    fields.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
