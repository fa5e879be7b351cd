"""What this server has counted, for Prometheus: the sums of all its workers, whichever of them answers."""

from typing import Annotated

from fastapi import APIRouter, Header, Response
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from ultra.api.callers import House
from ultra.api.needs import needs
from ultra.domain.identity import Permission
from ultra.services import Services

router = APIRouter(tags=["health"])

PATH = "/metrics"
_BROWSERS = b"sec-fetch-"


@router.get(
    PATH,
    summary="What was counted, for Prometheus",
    openapi_extra=needs(Permission.METRICS_READ),
    response_class=Response,
    responses={200: {"content": {"text/plain": {}, "application/openmetrics-text": {}}}},
)
async def metrics(services: House, accept: Annotated[str, Header()] = "") -> Response:
    """Answer in Prometheus' text format, or in OpenMetrics where `Accept` asks for it.

    Prometheus sends an API key with the scope `metrics:read` as a bearer token; ULTRA_METRICS_PORT needs none.
    """
    return await _answer(services, accept)


async def scraped(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve ULTRA_METRICS_PORT: `/metrics`, to whoever can reach it, and nothing else.

    Pages are refused: a browser that was lured here must not read on behalf of a page what its owner may.
    """
    headers = scope["headers"]
    if any(name.startswith(_BROWSERS) for name, _ in headers):
        response: Response = PlainTextResponse("This port is not for browsers.\n", status_code=403)
    elif scope["path"] != PATH or scope["method"] not in ("GET", "HEAD"):
        response = PlainTextResponse("There is only GET /metrics here.\n", status_code=404)
    else:
        accept = next((value.decode("latin-1") for name, value in headers if name == b"accept"), "")
        response = await _answer(scope["state"]["services"], accept)
    await response(scope, receive, send)


async def _answer(services: Services, accept: str) -> Response:
    found = await services.instruments.scrapes.answer(accept=accept)
    return Response(found.body, headers={"content-type": found.content_type})
