"""`GET /api/available-models`: the same facts for people and dashboards."""

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request, Response

from ultra.api.callers import Caller, House
from ultra.api.needs import needs
from ultra.desk.models import INCLUDES, Kind, list_models
from ultra.domain.identity import Permission
from ultra.inventory import listing

router = APIRouter(tags=["models"])


def _one_of(*words: str) -> Any:
    return Query(max_length=200, json_schema_extra={"enum": list(words)})


def _some_of(*words: str) -> Any:
    one = f"({'|'.join(words)})"
    return Query(max_length=200, json_schema_extra={"pattern": f"^{one}(,{one})*$"})


@router.get(
    "/api/available-models",
    summary="Which models can be asked now, and why others cannot",
    openapi_extra=needs(Permission.MODELS_READ),
)
async def available_models(
    services: House,
    principal: Caller,
    request: Request,
    response: Response,
    available: Annotated[str | None, _one_of("true", "false")] = None,
    provider: Annotated[str | None, Query(max_length=200)] = None,
    capability: Annotated[str | None, _some_of(*listing.words())] = None,
    include: Annotated[str | None, _some_of(*INCLUDES)] = None,
    kind: Annotated[str | None, _one_of(*get_args(Kind))] = None,
) -> dict[str, Any]:
    """Return models with availability, reason, limits, price and latency; counts; and the providers."""
    del available, provider, capability, include, kind  # read below, from the query they document
    listed = list_models(services, principal, request.query_params)
    response.headers["etag"] = listed.etag
    response.headers["cache-control"] = "private, max-age=5"
    facts = listed.body["ultra"]
    return {
        "environment": facts["environment"],
        "mock": facts["mock"],
        "generated_at": facts["generated_at"],
        "counts": facts["counts"],
        "providers": facts["providers"],
        "models": [{"id": each["id"], **each["ultra"]} for each in listed.body["data"]],
    }
