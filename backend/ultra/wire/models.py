"""`GET /v1/models` and `/v1/models/{id}`: OpenAI's list, with what Ultra knows under `ultra`."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from ultra.desk.models import Listed, list_models, show_model


async def models(request: Request) -> Response:
    """List the models."""
    return _respond(
        request, list_models(request.state.services, request.scope["ultra.principal"], request.query_params)
    )


async def model(request: Request) -> Response:
    """Show one model; ids contain a slash, which clients send as `%2F`."""
    return _respond(
        request, show_model(request.state.services, request.scope["ultra.principal"], request.path_params["id"])
    )


def _respond(request: Request, listed: Listed) -> Response:
    headers = {"etag": listed.etag, "cache-control": "private, max-age=5"}
    if listed.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(orjson.dumps(listed.body), media_type="application/json", headers=headers)
