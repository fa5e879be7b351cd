"""Is it alive, can it serve, and how is each part? Answers from memory: asking asks nobody else."""

import os
import platform
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from ultra import __version__
from ultra.api.callers import House, OnWatch
from ultra.api.needs import PUBLIC, needs
from ultra.checks.conditions.check import ConditionCheck, Group
from ultra.domain.findings import Condition, Health
from ultra.domain.identity import Permission
from ultra.services import Services

router = APIRouter(tags=["health"])

_CANNOT_SERVE: Final = 503
_NOT_NOW: Final[dict[str, Any]] = {
    "description": "It cannot serve now.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
"""A full server refuses with the same status, in the shape of every refusal."""


class HealthOut(BaseModel):
    """One word."""

    status: Health


class SummaryOut(HealthOut):
    """One line about a server."""

    environment: str
    version: Annotated[str, Field(description="Ultra's own.")]
    test_mode: Annotated[
        bool | None, Field(description="Whether X-Test-Mode is honoured; only the testing environment says.")
    ] = None


class WorkerOut(BaseModel):
    """The process that has answered: each looks for itself."""

    id: Annotated[str, Field(description="Begins the names of the leases that it holds.")]
    pid: int
    started_at: datetime
    uptime_s: float
    python: str


class ConditionOut(BaseModel):
    """How one part was when it was last looked at."""

    status: Health
    reason: Annotated[str | None, Field(description="Why it is not `pass`.")]
    since: datetime
    checked_at: datetime
    needed: Annotated[bool, Field(description="Whether the server cannot serve without it.")]
    facts: dict[str, Any]


class ReportOut(HealthOut):
    """Everything that one worker knows of itself and of what it depends on."""

    ready: bool
    leaving: Annotated[bool, Field(description="It is shutting down.")]
    environment: str
    version: str
    at: datetime
    worker: WorkerOut
    dependencies: dict[str, ConditionOut]
    services: dict[str, ConditionOut]
    providers: dict[str, ConditionOut]
    configuration: dict[str, ConditionOut]


@router.get("/health/live", summary="The process is alive", openapi_extra=needs(PUBLIC, "probe", reserved=True))
async def live() -> HealthOut:
    """Answer as long as the event loop turns; depends on nothing."""
    return HealthOut(status="pass")


@router.get(
    "/health/ready",
    summary="It can serve",
    openapi_extra=needs(PUBLIC, "probe", reserved=True),
    responses={_CANNOT_SERVE: {"model": HealthOut, **_NOT_NOW}},
)
async def ready(watch: OnWatch, response: Response) -> HealthOut:
    """Answer 200 while everything that is needed to serve is there, else 503, and 503 as soon as it shuts down.

    Needed are the database and its tables. What Ultra can do without for a while, a provider or the shared counter,
    makes it `warn`, and the status stays 200.
    """
    response.status_code = 200 if watch.is_ready else _CANNOT_SERVE
    return HealthOut(status=watch.health)


@router.get(
    "/health",
    summary="One line about this server",
    openapi_extra=needs(PUBLIC),
    response_model_exclude_none=True,
    responses={_CANNOT_SERVE: {"model": SummaryOut, **_NOT_NOW}},
)
async def health(services: House, watch: OnWatch, response: Response) -> SummaryOut:
    """Say how it is, and which environment and version this is; 503 while it cannot serve."""
    response.status_code = 200 if watch.is_ready else _CANNOT_SERVE
    environment = services.settings.environment
    honours = services.access.authenticator.honours_test_mode
    return SummaryOut(
        status=watch.health,
        environment=environment,
        version=__version__,
        test_mode=honours if environment == "testing" else None,
    )


@router.get("/api/health", summary="How every part is", openapi_extra=needs(Permission.HEALTH_READ))
async def report(services: House, watch: OnWatch, response: Response) -> ReportOut:
    """Tell of every part how it is, why, since when, and when it was last looked at.

    It is the truth of the worker that answers, from its memory. The answer is a 200 whatever it says.
    """
    response.headers["cache-control"] = "no-store"
    conditions = watch.conditions()
    return ReportOut(
        status=watch.health,
        ready=watch.is_ready,
        leaving=watch.is_leaving,
        environment=services.settings.environment,
        version=__version__,
        at=services.system.now(),
        worker=_worker(services),
        dependencies=_group("dependency", conditions),
        services=_group("service", conditions),
        providers=_group("provider", conditions),
        configuration=_group("configuration", conditions),
    )


def _worker(services: Services) -> WorkerOut:
    vitals = services.vitals
    return WorkerOut(
        id=vitals.worker,
        pid=os.getpid(),
        started_at=vitals.started_at,
        uptime_s=round(services.system.monotonic() - vitals.began, 1),
        python=platform.python_version(),
    )


def _group(group: Group, conditions: Sequence[tuple[ConditionCheck, Condition]]) -> dict[str, ConditionOut]:
    return {
        condition.name.removeprefix("provider:"): ConditionOut(
            status=condition.health,
            reason=condition.reason,
            since=condition.since,
            checked_at=condition.checked_at,
            needed=check.is_needed,
            facts=dict(condition.facts),
        )
        for check, condition in conditions
        if check.group == group
    }
