"""The way in for browsers: a form, a one-time link, and the way out."""

from collections.abc import Mapping
from importlib import resources

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ultra.auth.sessions import OpenedSession
from ultra.desk.desk import Desk
from ultra.domain.errors import Forbidden, InvalidRequest, RateLimited, UltraError, Unauthenticated, Unavailable
from ultra.gate.source import source_of
from ultra.services import Services
from ultra.web.forms import form_page, refused
from ultra.web.pages import page

_REFUSALS = (InvalidRequest, Unauthenticated, Forbidden, RateLimited, Unavailable)
"""What can be said on the form; whatever else goes wrong is nobody's to read here."""


async def show(request: Request) -> Response:
    """Show the form, or with a one-time link (`?link=`) a button that uses it.

    Opening the address does not use the link up: whatever fetches links ahead of people must not.
    """
    return _form(request, link=request.query_params.get("link"), problem=None, status=200)


async def sign_in(request: Request) -> Response:
    """Take the form; a browser that is signed in goes to the front page."""
    fields: Mapping[str, str] = request.scope["ultra.form"]
    desk: Desk = request.state.desk
    link = fields.get("link", "")
    try:
        if link:
            opened = await desk.accounts.sign_in_by_link(link, source=source_of(request))
        else:
            username, password = fields.get("username", ""), fields.get("password", "")
            opened = await desk.accounts.sign_in(username, password, source=source_of(request))
    except _REFUSALS as error:
        return _refused(request, error)
    return _signed_in(request, opened)


async def sign_out(request: Request) -> Response:
    """End the session and forget the cookie."""
    desk: Desk = request.state.desk
    services: Services = request.state.services
    await desk.accounts.sign_out(request.scope["ultra.principal"], source=source_of(request))
    response = RedirectResponse("/sign-in", status_code=303)
    response.headers.append("set-cookie", services.access.session_cookie.taken())
    response.headers["clear-site-data"] = '"cache", "cookies", "storage"'
    return response


async def front(request: Request) -> Response:
    """Show who is signed in; whoever is not goes to the form."""
    principal = request.scope.get("ultra.principal")
    if principal is None:
        return RedirectResponse("/sign-in", status_code=303)
    services: Services = request.state.services
    token = services.access.csrf.issue(request.scope["headers"]).token
    return page("front.html", principal=principal, csrf_token=token, environment=services.settings.environment)


async def style(_: Request) -> Response:
    """Serve the one style sheet."""
    text = resources.files("ultra.web").joinpath("static", "ultra.css").read_text(encoding="utf-8")
    return Response(text, media_type="text/css", headers={"cache-control": "public, max-age=3600"})


def _form(request: Request, *, link: str | None, problem: str | None, status: int) -> Response:
    return form_page(request, "sign_in.html", status=status, link=link, problem=problem)


def _refused(request: Request, error: UltraError) -> Response:
    return refused(request, error, lambda status: _form(request, link=None, problem=error.message, status=status))


def _signed_in(request: Request, opened: OpenedSession) -> Response:
    access = request.state.services.access
    response = RedirectResponse("/", status_code=303)
    response.headers.append("set-cookie", access.session_cookie.given(opened.text))
    response.headers.append("set-cookie", access.pre_session_cookie.taken())
    response.headers.append("set-cookie", access.devices.remember(opened.user.username))
    return response
