"""`/api/keys`: the caller's API keys."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from ultra.api.allowances import AllowanceIn, allowed
from ultra.api.callers import AtDesk, Caller
from ultra.api.needs import needs
from ultra.api.notation import Moment, Network
from ultra.api.source import From
from ultra.desk.keys import WantedKey
from ultra.domain.identity import Permission

router = APIRouter(prefix="/api/keys", tags=["keys"])

_MAKES = needs(Permission.KEYS_WRITE, "write", idempotent=True, shows_secret=True)
"""A key's text is shown once: what is repeated makes no second key, and shows none."""


class KeyIn(BaseModel):
    """A key as asked for; only the name is required."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100, json_schema_extra={"pattern": r"\S"})
    scopes: list[Permission] | None = Field(None, description="Left out: all that you may do with a key.")
    models: list[str] | None = Field(None, max_length=100, description="Only these models; left out: all.")
    cidrs: list[Network] | None = Field(None, max_length=50, description="Only from these networks.")
    allowance: AllowanceIn | None = None
    store: StrictBool = Field(default=True, description="False keeps no content of what the key is used for.")
    expires_at: Moment | None = Field(None, description="Left out: in 90 days.")


class RotateIn(BaseModel):
    """How long the old key is still accepted."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: int = Field(3600, ge=0, le=7 * 86_400)


@router.get("", summary="My keys", openapi_extra=needs(Permission.KEYS_READ))
async def keys(desk: AtDesk, principal: Caller) -> dict[str, Any]:
    """Return the caller's keys, newest first; never their secrets."""
    return {"data": await desk.keys.of(principal)}


@router.post("", status_code=201, summary="Make a key", openapi_extra=_MAKES)
async def create(given: KeyIn, desk: AtDesk, principal: Caller, source: From) -> dict[str, Any]:
    """Make a key; its text is in `key` of this answer and nowhere else."""
    wanted = WantedKey(
        name=given.name,
        scopes=None if given.scopes is None else frozenset(given.scopes),
        models=None if given.models is None else tuple(given.models),
        cidrs=None if given.cidrs is None else tuple(given.cidrs),
        allowance=allowed(given.allowance),
        stores=given.store,
        expires_at=given.expires_at,
    )
    return await desk.keys.create(principal, wanted, source=source)


@router.get("/{key_id}", summary="One key", openapi_extra=needs(Permission.KEYS_READ))
async def read(key_id: str, desk: AtDesk, principal: Caller) -> dict[str, Any]:
    """Return one of the caller's keys."""
    return await desk.keys.get(principal, key_id)


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="End a key",
    openapi_extra=needs(Permission.KEYS_WRITE, "write", idempotent=True),
)
async def revoke(key_id: str, desk: AtDesk, principal: Caller, source: From) -> None:
    """End a key; it counts from its next request on."""
    await desk.keys.revoke(principal, key_id, source=source)


@router.post("/{key_id}/rotate", status_code=201, summary="Rotate a key", openapi_extra=_MAKES)
async def rotate(key_id: str, given: RotateIn, desk: AtDesk, principal: Caller, source: From) -> dict[str, Any]:
    """Make a successor with the same rights; both are accepted until the overlap has passed."""
    return await desk.keys.rotate(principal, key_id, overlap=timedelta(seconds=given.overlap_s), source=source)
