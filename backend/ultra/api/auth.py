"""`/api/auth`: browser sessions by cookie, tokens for programs."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ultra.api.callers import AtDesk, Caller, House
from ultra.api.needs import PUBLIC, needs
from ultra.api.source import From
from ultra.auth.sessions import OpenedSession
from ultra.auth.sign_in import TokenPair
from ultra.domain.identity import Permission
from ultra.services import Services

router = APIRouter(prefix="/api/auth", tags=["signing in"])

_STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)


class CredentialsIn(BaseModel):
    """A username and its password."""

    model_config = _STRICT

    username: str = Field(min_length=1, max_length=64)
    password: SecretStr = Field(min_length=1, max_length=1024)


class LinkIn(BaseModel):
    """A one-time link's text."""

    model_config = _STRICT

    link: SecretStr = Field(min_length=1, max_length=400)


class ResetIn(LinkIn):
    """A one-time link's text and the password to set."""

    password: SecretStr = Field(min_length=1, max_length=1024)


class RefreshIn(BaseModel):
    """A refresh token."""

    model_config = _STRICT

    refresh_token: SecretStr = Field(min_length=1, max_length=400)


class PasswordIn(BaseModel):
    """The old password (where there is one) and the new one."""

    model_config = _STRICT

    old_password: SecretStr | None = Field(None, max_length=1024)
    password: SecretStr = Field(min_length=1, max_length=1024)


@router.get("/csrf", summary="A token for unsafe requests by cookie", openapi_extra=needs(PUBLIC))
async def csrf(services: House, request: Request, response: Response) -> dict[str, str]:
    """Return the token to send as `X-CSRF-Token`; without a session it sets the cookie that the token is bound to."""
    issued = services.access.csrf.issue(request.scope["headers"])
    if issued.set_cookie is not None:
        response.headers.append("set-cookie", issued.set_cookie)
    return {"csrf_token": issued.token}


@router.post(
    "/login", summary="Sign a browser in", openapi_extra=needs(PUBLIC, "sign_in", csrf="sign_in", reserved=True)
)
async def login(
    given: CredentialsIn, services: House, desk: AtDesk, source: From, response: Response
) -> dict[str, Any]:
    """Begin a session under a new id and set its cookie."""
    opened = await desk.accounts.sign_in(given.username, given.password.get_secret_value(), source=source)
    return _begun(opened, services, response)


@router.post(
    "/link", summary="Sign a browser in with a one-time link", openapi_extra=needs(PUBLIC, "sign_in", csrf="sign_in")
)
async def link(given: LinkIn, services: House, desk: AtDesk, source: From, response: Response) -> dict[str, Any]:
    """Begin a session with the link that the first start printed."""
    opened = await desk.accounts.sign_in_by_link(given.link.get_secret_value(), source=source)
    return _begun(opened, services, response)


@router.post(
    "/reset",
    status_code=204,
    summary="Set a password with a one-time link",
    openapi_extra=needs(PUBLIC, "sign_in", csrf="program"),
)
async def reset(given: ResetIn, desk: AtDesk, source: From) -> None:
    """Use a link up that an administrator handed out; sign in afterwards."""
    await desk.accounts.reset_password(given.link.get_secret_value(), given.password.get_secret_value(), source=source)


@router.post(
    "/logout",
    status_code=204,
    summary="Sign out",
    openapi_extra=needs(Permission.SELF_READ, "write", reserved=True, idempotent=True),
)
async def logout(services: House, desk: AtDesk, principal: Caller, source: From, response: Response) -> None:
    """End the session or the token family the request came with."""
    await desk.accounts.sign_out(principal, source=source)
    if principal.credential == "session":
        response.headers.append("set-cookie", services.access.session_cookie.taken())
        response.headers["clear-site-data"] = '"cache", "cookies", "storage"'


@router.get("/me", summary="Who am I", openapi_extra=needs(Permission.SELF_READ))
async def me(desk: AtDesk, principal: Caller) -> dict[str, Any]:
    """Return who the caller is, and what they may do as they are signed in now."""
    return await desk.accounts.me(principal)


@router.get("/sessions", summary="My sessions", openapi_extra=needs(Permission.SESSIONS_READ))
async def sessions(desk: AtDesk, principal: Caller) -> dict[str, Any]:
    """Return the caller's live browser sessions."""
    return {"data": await desk.accounts.sessions(principal)}


@router.delete(
    "/sessions",
    status_code=204,
    summary="End all my sessions and tokens",
    openapi_extra=needs(Permission.SESSIONS_WRITE, "write", idempotent=True),
)
async def end_sessions(desk: AtDesk, principal: Caller, source: From) -> None:
    """Sign the caller out everywhere."""
    await desk.accounts.end_sessions(principal, None, source=source)


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="End one of my sessions",
    openapi_extra=needs(Permission.SESSIONS_WRITE, "write", idempotent=True),
)
async def end_session(session_id: str, desk: AtDesk, principal: Caller, source: From) -> None:
    """End one session; it counts from its next request on, and its open streams end."""
    await desk.accounts.end_sessions(principal, session_id, source=source)


@router.post(
    "/password",
    status_code=204,
    summary="Change my password",
    openapi_extra=needs(Permission.PASSWORD_CHANGE, "sign_in", idempotent=True),
)
async def password(
    given: PasswordIn, services: House, desk: AtDesk, principal: Caller, source: From, response: Response
) -> None:
    """Set another password. Everything the caller was signed in with ends; a browser gets a fresh session."""
    old = None if given.old_password is None else given.old_password.get_secret_value()
    opened = await desk.accounts.change_password(
        principal, old=old, wanted=given.password.get_secret_value(), source=source
    )
    if opened is not None:
        response.headers.append("set-cookie", services.access.session_cookie.given(opened.text))


@router.post(
    "/token",
    summary="Tokens for a program",
    openapi_extra=needs(PUBLIC, "sign_in", csrf="program", reserved=True),
)
async def token(given: CredentialsIn, desk: AtDesk, source: From) -> dict[str, Any]:
    """Return an access token of ten minutes and a refresh token; no cookie."""
    return _pair(await desk.accounts.tokens(given.username, given.password.get_secret_value(), source=source))


@router.post("/refresh", summary="The next tokens", openapi_extra=needs(PUBLIC, "sign_in", csrf="program"))
async def refresh(given: RefreshIn, desk: AtDesk, source: From) -> dict[str, Any]:
    """Exchange a refresh token, once, for the next pair."""
    return _pair(await desk.accounts.refresh(given.refresh_token.get_secret_value(), source=source))


@router.post("/revoke", status_code=204, summary="End tokens", openapi_extra=needs(PUBLIC, "sign_in", csrf="program"))
async def revoke(given: RefreshIn, desk: AtDesk, source: From) -> None:
    """End a token family (RFC 7009: also when the token is not known)."""
    await desk.accounts.revoke(given.refresh_token.get_secret_value(), source=source)


def _begun(opened: OpenedSession, services: Services, response: Response) -> dict[str, Any]:
    access = services.access
    response.headers.append("set-cookie", access.session_cookie.given(opened.text))
    response.headers.append("set-cookie", access.pre_session_cookie.taken())
    response.headers.append("set-cookie", access.devices.remember(opened.user.username))
    return {
        "user": {"id": opened.user.id, "username": opened.user.username, "role": opened.user.role},
        "csrf_token": access.csrf.sign(opened.text),
        "expires_at": opened.session.expires_at.isoformat(),
    }


def _pair(pair: TokenPair) -> dict[str, Any]:
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
    }
