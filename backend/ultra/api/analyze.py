"""`POST /api/analyze`: ask several models one question, and wait, watch, or come back later."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from starlette.responses import JSONResponse

from ultra.api.callers import AtDesk, Caller, Facts, House, RequestName
from ultra.api.journals import JournalResponse
from ultra.api.needs import needs
from ultra.api.notation import Usd
from ultra.api.preferences import Preferences
from ultra.desk.desk import Desk
from ultra.desk.results import failure
from ultra.domain.analysis import Document, Question, Run, RunOptions
from ultra.domain.chat import Image
from ultra.domain.errors import InvalidRequest
from ultra.domain.identity import Permission
from ultra.domain.records import decimal_to_json
from ultra.protocols.problems import problem
from ultra.services import Services

router = APIRouter(tags=["runs"])


class DocumentIn(BaseModel):
    """A text that goes along; models are told that it is data."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    text: str


class ImageIn(BaseModel):
    """A picture by value: base64 `data` with its `media_type`."""

    model_config = ConfigDict(extra="forbid")

    media_type: Literal["image/png", "image/jpeg", "image/webp", "image/gif"]
    data: str = Field(json_schema_extra={"format": "byte"})


class AnalyzeIn(BaseModel):
    """What is asked; only `prompt` is required."""

    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(description="The question.", json_schema_extra={"pattern": r"\S"})
    pattern: str = Field("consensus", description="What to look for; GET /api/patterns lists them.")
    models: Annotated[list[str], Field(json_schema_extra={"maxItems": 16})] | Literal["auto"] = Field(
        "auto", description="Who is asked; `auto` chooses a panel."
    )
    flow: str | None = Field(
        None,
        description="How they are asked; the pattern's own when left out. GET /api/patterns lists them.",
        json_schema_extra={"format": "flow"},
    )
    budget_usd: Usd | None = Field(None, description="Most that may be spent, as a decimal string.")
    deadline_s: float | None = Field(None, gt=0, description="Most seconds the run may take.")
    context: list[DocumentIn] = Field(default_factory=list, max_length=50)
    images: list[ImageIn] = Field(default_factory=list, max_length=20)
    follow_up_to: str | None = Field(None, description="Id of an earlier run to continue.")
    store: StrictBool = Field(default=True, description="False keeps nothing: no history, no resumption.")


@router.post(
    "/api/analyze",
    summary="Ask several models one question",
    responses={
        200: {"content": {str(JournalResponse.media_type): {"schema": {"type": "string"}}}},
        202: {"description": "Begun; `Location` says where to look."},
    },
    openapi_extra=needs(Permission.RUNS_CREATE, "run", idempotent=True),
)
async def analyze(
    asked: AnalyzeIn,
    services: House,
    desk: AtDesk,
    principal: Caller,
    request_id: RequestName,
    facts: Facts,
    preferences: Preferences,
    accept: Annotated[str, Header()] = "application/json",
) -> Response:
    """Begin a run and answer with its result, its events, or its address.

    `Accept: text/event-stream` answers with the run's journal as it is written. `Prefer: respond-async` answers 202
    at once with a `Location`. Otherwise the answer is the finished run. A run outlives its connection.
    """
    later = "respond-async" in preferences
    if later and not (asked.store and principal.stores):
        raise InvalidRequest(
            "A run that keeps nothing cannot be looked up later.",
            param="store",
            hint="Leave `store` out and use a key that stores, or drop `Prefer: respond-async`.",
        )
    run = await desk.runs.begin(
        principal, _question(asked), _options(asked, desk), request_id=request_id, follow_up_to=asked.follow_up_to
    )
    facts |= {"run_id": run.id, "pattern": run.options.pattern}
    location = {"location": f"/api/analyses/{run.id}"}
    if later:
        begun = {"id": run.id, "status": run.status, "location": location["location"]}
        return JSONResponse(begun, status_code=202, headers={**location, "preference-applied": "respond-async"})
    if "text/event-stream" in accept:
        return JournalResponse(desk, services.system, principal, run.id, after=0, headers=location)
    ended = await desk.runs.ended(principal, run.id)
    result = await desk.runs.result(principal, run.id)
    facts |= {"run_status": ended.status, "answered": result["answered"], "asked": result["asked"]}
    facts["cost_usd"] = decimal_to_json(ended.cost_usd)
    if ended.status in ("failed", "cancelled"):
        return _failed(ended, result, services, request_id, location)
    spent = decimal_to_json(ended.cost_usd)
    cost = {} if spent is None else {"x-ultra-cost-usd": spent}
    return JSONResponse(result, headers={**location, **cost})


def _failed(
    run: Run, result: Mapping[str, Any], services: Services, request_id: str, location: Mapping[str, str]
) -> Response:
    """Answer with a problem that has the whole run beside it: which model failed, and why, is what the caller needs."""
    reply = problem(
        failure(run, result["answers"]),
        request_id=request_id,
        show_internals=services.settings.environment != "production",
    )
    return JSONResponse({**reply.body, "run": result}, status_code=reply.status, headers={**reply.headers, **location})


def _question(asked: AnalyzeIn) -> Question:
    return Question(
        prompt=asked.prompt,
        context=tuple(Document(each.name, each.text) for each in asked.context),
        images=tuple(_image(index, each) for index, each in enumerate(asked.images)),
    )


def _image(index: int, image: ImageIn) -> Image:
    try:
        return Image(data=base64.b64decode(image.data, validate=True), media_type=image.media_type)
    except binascii.Error:
        raise InvalidRequest("The image is not base64.", param=f"images[{index}].data") from None


def _options(asked: AnalyzeIn, desk: Desk) -> RunOptions:
    return desk.runs.options(
        pattern=asked.pattern,
        flow=asked.flow,
        models=() if asked.models == "auto" else asked.models,
        budget_usd=asked.budget_usd,
        deadline_s=asked.deadline_s,
        store=asked.store,
    )
