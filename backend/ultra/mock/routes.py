"""The routes of each wire: which path asks for what."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route

from ultra.mock import gemini, openai, tokens
from ultra.mock.delivery import Delivery
from ultra.mock.problems import Problem
from ultra.mock.reception import Asked, Desk, NoAnswer
from ultra.mock.wire import Call
from ultra.protocols import anthropic_messages, gemini_generate

_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_GEMINI_VERSIONS = ("v1", "v1beta", "v1alpha")


def openai_routes(desk: Desk) -> Mount:
    """Return `/{provider}/v1/…` as OpenAI and compatible servers have it."""
    owner = desk.provider

    async def chat(request: Request) -> Delivery:
        return await desk.chat(request, _named_in_body)

    async def embeddings(request: Request) -> Delivery:
        return await desk.plain(request, lambda call: openai.embed(call.body, model=call.model), ask=_named_in_body)

    async def models(request: Request) -> Delivery:
        return await desk.plain(request, lambda _: openai.list_models(desk.models, owner=owner), door="models")

    async def model(request: Request) -> Delivery:
        name = request.path_params["name"]
        return await desk.plain(request, lambda _: openai.describe_model(desk.find(name), owner=owner), door="models")

    return Mount(
        f"/{desk.provider}/v1",
        routes=[
            Route("/chat/completions", _app(chat), methods=["POST"]),
            Route("/embeddings", _app(embeddings), methods=["POST"]),
            Route("/models", _app(models), methods=["GET"]),
            Route("/models/{name:path}", _app(model), methods=["GET"]),
            _nothing_else(desk),
        ],
    )


def anthropic_routes(desk: Desk) -> Mount:
    """Return `/anthropic/v1/…`."""

    async def messages(request: Request) -> Delivery:
        return await desk.chat(request, _named_in_body)

    async def count(request: Request) -> Delivery:
        def answer(call: Call) -> Mapping[str, Any]:
            return anthropic_messages.counted(tokens.count_request(desk.read(call)))

        return await desk.plain(request, answer, ask=_named_in_body)

    async def models(request: Request) -> Delivery:
        query = request.query_params
        return await desk.plain(
            request,
            lambda _: anthropic_messages.models(
                desk.models,
                limit=_whole(query.get("limit"), 20),
                after_id=query.get("after_id"),
                before_id=query.get("before_id"),
            ),
            door="models",
        )

    async def model(request: Request) -> Delivery:
        name = request.path_params["name"]
        return await desk.plain(request, lambda _: anthropic_messages.model(desk.find(name)), door="models")

    return Mount(
        f"/{desk.provider}",
        routes=[
            Route("/v1/messages", _app(messages), methods=["POST"]),
            Route("/v1/messages/count_tokens", _app(count), methods=["POST"]),
            Route("/v1/models", _app(models), methods=["GET"]),
            Route("/v1/models/{name:path}", _app(model), methods=["GET"]),
            _nothing_else(desk),
        ],
    )


def gemini_routes(desk: Desk) -> Mount:
    """Return `/gemini/{version}/models/…`; the verb follows the last colon of the path."""

    async def act(request: Request) -> Delivery:
        name, _, verb = request.path_params["rest"].rpartition(":")

        def ask(_body: Mapping[str, Any]) -> Asked:
            return Asked(name, stream=verb == "streamGenerateContent")

        match verb:
            case "generateContent" | "streamGenerateContent":
                return await desk.chat(request, ask)
            case "countTokens":
                return await desk.plain(
                    request, lambda call: gemini_generate.counted(tokens.count_request(desk.read(call))), ask=ask
                )
            case "batchEmbedContents":
                return await desk.plain(request, lambda call: gemini.embed(call.body), ask=ask)
            case _:
                return await desk.plain(request, _refuse_path, ask=ask)

    async def models(request: Request) -> Delivery:
        query = request.query_params
        size = _whole(query.get("pageSize") or query.get("page_size"), 50)
        token = query.get("pageToken") or query.get("page_token")
        return await desk.plain(
            request, lambda _: gemini_generate.models(desk.models, page_size=size, page_token=token), door="models"
        )

    async def model(request: Request) -> Delivery:
        name = request.path_params["rest"]
        return await desk.plain(request, lambda _: gemini_generate.model(desk.find(name)), door="models")

    routes: list[BaseRoute] = []
    for root in (f"/{version}/models" for version in _GEMINI_VERSIONS):
        routes.append(Route(root, _app(models), methods=["GET"]))
        routes.append(Route(f"{root}/{{rest:path}}", _app(model), methods=["GET"]))
        routes.append(Route(f"{root}/{{rest:path}}", _app(act), methods=["POST"]))
    return Mount(f"/{desk.provider}", routes=[*routes, _nothing_else(desk)])


def _app(answer: Any) -> Any:
    """Make a Starlette endpoint of a function that returns a delivery: a delivery is an ASGI application."""
    return answer


def _nothing_else(desk: Desk) -> Route:
    async def refuse(request: Request) -> Delivery:
        return await desk.plain(request, _refuse_path, door="models")

    return Route("/{rest:path}", _app(refuse), methods=_EVERY_METHOD)


def _refuse_path(call: Call) -> Mapping[str, Any]:
    raise NoAnswer(Problem("not_found", f"Unknown request URL: {call.path}."))


def _named_in_body(body: Mapping[str, Any]) -> Asked:
    model = body.get("model")
    return Asked(model if isinstance(model, str) else "", stream=body.get("stream") is True)


def _whole(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdecimal():
        raise NoAnswer(Problem("invalid", f"{text!r} is not a number."))
    return int(text)
