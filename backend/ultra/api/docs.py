"""The description of the API: `/openapi.json`, and where there is nothing to lose a page that shows it."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute

from ultra.gate.declared import Guarded
from ultra.gate.need import Need

_SCHEMES: Final[Mapping[str, Mapping[str, str]]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, or an API key."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "session": {"type": "apiKey", "in": "cookie", "name": "ultra"},
}
_PROBLEM: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "code")},
        "status": {"type": "integer"},
        "hint": {"type": ["string", "null"]},
        "request_id": {"type": ["string", "null"]},
    },
}
"""What every refusal is (RFC 9457), whoever refuses."""
_REFUSAL: Final[Mapping[str, Any]] = {
    "description": "Refused; `code` and `detail` say why.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_STREAM: Final = "text/event-stream"
_EVENT: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": r"^\d+$", "description": "Send the last one as Last-Event-ID to resume."},
        "event": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
"""One event of a stream, as OpenAPI 3.2 describes them; readers of 3.1 pass over the word."""
_LEADS: Final = (
    ("/api/users", "post", "201", "user_id", "$response.body#/id"),
    ("/api/keys", "post", "201", "key_id", "$response.body#/id"),
    ("/api/keys/{key_id}/rotate", "post", "201", "key_id", "$response.body#/id"),
    ("/api/analyze", "post", "200", "run_id", "$response.body#/id"),
    ("/api/analyze", "post", "202", "run_id", "$response.body#/id"),
    ("/api/analyze", "post", "200", "request_id", "$response.header.X-Request-ID"),
    ("/api/analyses", "get", "200", "run_id", "$response.body#/data/0/id"),
    ("/api/auth/sessions", "get", "200", "session_id", "$response.body#/data/0/id"),
    ("/api/patterns", "get", "200", "name", "$response.body#/data/0/name"),
)
"""Path, method and status of an answer, the parameter it fills, and where in the answer its value stands."""
_PAGES_FROM: Final = "https://cdn.jsdelivr.net"
_INLINE: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def docs_routes(app: FastAPI, *, need: Need, with_page: bool) -> Sequence[BaseRoute]:
    """Return the routes of the description of `app`, for whom `need` lets in.

    The page runs a script from another host, which could do all that its reader may do: never in production.
    """

    async def description(_: Request) -> Response:
        return JSONResponse(app.openapi())

    async def page(_: Request) -> Response:
        return _page(app.title)

    routes = [Guarded("/openapi.json", description, methods=["GET"], need=need)]
    return [*routes, Guarded("/docs", page, methods=["GET"], need=need)] if with_page else routes


def described(app: FastAPI, *, longest_run_s: float) -> dict[str, Any]:
    """Return the OpenAPI document: the framework's, how to prove who one is, and where answers lead."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        schema.setdefault("components", {})["securitySchemes"] = _SCHEMES
        _tell_answers(schema)
        _tell_links(schema)
        deadline = schema["components"]["schemas"]["AnalyzeIn"]["properties"]["deadline_s"]
        deadline["anyOf"][0]["maximum"] = longest_run_s
        app.openapi_schema = schema
    return app.openapi_schema


def _tell_answers(schema: dict[str, Any]) -> None:
    """Describe refusals and streams as they are: the framework's own 422 never leaves this server."""
    schemas = schema["components"].setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"] |= {"4XX": _REFUSAL, "5XX": _REFUSAL}
            for response in operation["responses"].values():
                if _STREAM in response.get("content", {}):
                    response["content"] |= {_STREAM: {"itemSchema": _EVENT}}


def _tell_links(schema: dict[str, Any]) -> None:
    """Say which answers name what an address of another operation asks for."""
    operations = [(path, each) for path, methods in schema["paths"].items() for each in methods.values()]
    for path, method, status, parameter, place in _LEADS:
        links = schema["paths"][path][method]["responses"][status].setdefault("links", {})
        for target, operation in operations:
            if f"{{{parameter}}}" in target:
                links[operation["operationId"]] = {
                    "operationId": operation["operationId"],
                    "parameters": {parameter: place},
                }


@cache
def _page(title: str) -> HTMLResponse:
    """Return the page with a policy that lets its own script run, by its hash, and no other."""
    html = get_swagger_ui_html(openapi_url="/openapi.json", title=title)
    text = bytes(html.body).decode()
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in _INLINE.findall(text)]
    allowed = " ".join([_PAGES_FROM, *(f"'sha256-{each}'" for each in hashes)])
    html.headers["content-security-policy"] = (
        f"default-src 'none'; script-src {allowed}; style-src {_PAGES_FROM} 'unsafe-inline'; connect-src 'self';"
        " img-src 'self' data: https://fastapi.tiangolo.com; base-uri 'none'; frame-ancestors 'none'"
    )
    return html
