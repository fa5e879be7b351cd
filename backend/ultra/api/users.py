"""`/api/users`: for administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StrictBool
from pydantic.json_schema import SkipJsonSchema

from ultra.api.allowances import AllowanceIn, allowed
from ultra.api.callers import AtDesk, Caller
from ultra.api.needs import needs
from ultra.api.notation import Cursor
from ultra.api.source import From
from ultra.auth.sign_in import USERNAME
from ultra.domain.errors import InvalidRequest
from ultra.domain.identity import Permission, Role

router = APIRouter(prefix="/api/users", tags=["users"])

_MAKES = needs(Permission.USERS_WRITE, "write", idempotent=True, shows_secret=True)
"""A link is shown once: what is repeated makes no second user or link, and shows none."""


class UserIn(BaseModel):
    """A user to make; without a password they get a one-time link."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    username: str = Field(min_length=1, max_length=64, json_schema_extra={"pattern": f"^{USERNAME.pattern}$"})
    role: Role = Role.MEMBER
    password: SecretStr | None = Field(None, max_length=1024)
    allowance: AllowanceIn | None = None


class UserChangeIn(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    role: Role | SkipJsonSchema[None] = None
    disabled: StrictBool | SkipJsonSchema[None] = None
    allowance: AllowanceIn | SkipJsonSchema[None] = None


@router.get("", summary="All users", openapi_extra=needs(Permission.USERS_READ))
async def users(
    desk: AtDesk,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Cursor | None = None,
) -> dict[str, Any]:
    """Return users by name; `next` is the cursor of the following page."""
    data, following = await desk.accounts.users(limit=limit, cursor=cursor)
    return {"data": data, "next": following}


@router.post("", status_code=201, summary="Make a user", openapi_extra=_MAKES)
async def create(given: UserIn, desk: AtDesk, principal: Caller, source: From) -> dict[str, Any]:
    """Make a user; `link` is a one-time link to set a password with, null when one was given."""
    user, link = await desk.accounts.create_user(
        principal,
        username=given.username,
        role=given.role,
        password=None if given.password is None else given.password.get_secret_value(),
        allowance=allowed(given.allowance),
        source=source,
    )
    return {**user, "link": link}


@router.get("/{user_id}", summary="One user", openapi_extra=needs(Permission.USERS_READ))
async def read(user_id: str, desk: AtDesk) -> dict[str, Any]:
    """Return a user."""
    return await desk.accounts.user(user_id)


@router.patch(
    "/{user_id}", summary="Change a user", openapi_extra=needs(Permission.USERS_WRITE, "write", idempotent=True)
)
async def change(user_id: str, given: UserChangeIn, desk: AtDesk, principal: Caller, source: From) -> dict[str, Any]:
    """Change role, state or allowance; it counts from the user's next request on, and their open streams end."""
    changes: dict[str, Any] = {name: getattr(given, name) for name in given.model_fields_set}
    if not changes or any(value is None for value in changes.values()):
        raise InvalidRequest("Say what to change: role, disabled or allowance.")
    if given.allowance is not None:
        changes["allowance"] = given.allowance.value()
    return await desk.accounts.change_user(principal, user_id, changes=changes, source=source)


@router.delete(
    "/{user_id}",
    status_code=204,
    summary="Remove a user",
    openapi_extra=needs(Permission.USERS_WRITE, "write", idempotent=True),
)
async def delete(user_id: str, desk: AtDesk, principal: Caller, source: From) -> None:
    """Remove a user with sessions, tokens, keys and runs; the audit keeps the id."""
    await desk.accounts.delete_user(principal, user_id, source=source)


@router.post(
    "/{user_id}/reset",
    status_code=201,
    summary="Hand out a one-time link to set a password",
    openapi_extra=_MAKES,
)
async def reset(user_id: str, desk: AtDesk, principal: Caller, source: From) -> dict[str, str]:
    """Return a link's text, once; it is good for a day."""
    return {"id": user_id, "link": await desk.accounts.reset_link(principal, user_id, source=source)}
