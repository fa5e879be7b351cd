"""Where a one-time link of an administrator leads: a form to set a password, once."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ultra.desk.desk import Desk
from ultra.domain.errors import Forbidden, InvalidRequest, RateLimited, UltraError, Unauthenticated, Unavailable
from ultra.gate.source import source_of
from ultra.web.forms import form_page, refused

_REFUSALS = (InvalidRequest, Unauthenticated, Forbidden, RateLimited, Unavailable)


async def show(request: Request) -> Response:
    """Show the form; opening the address does not use the link up."""
    return _form(request, link=request.query_params.get("link", ""), problem=None, status=200)


async def set_password(request: Request) -> Response:
    """Set the password and lead to the way in; what is wrong with it is said, and the link stays good."""
    fields: Mapping[str, str] = request.scope["ultra.form"]
    desk: Desk = request.state.desk
    link, password = fields.get("link", ""), fields.get("password", "")
    try:
        if password != fields.get("repeated", ""):
            raise InvalidRequest("The two passwords differ.", param="repeated")
        await desk.accounts.reset_password(link, password, source=source_of(request))
    except _REFUSALS as error:
        return _refused(request, error, link)
    return RedirectResponse("/sign-in", status_code=303)


def _form(request: Request, *, link: str, problem: str | None, status: int) -> Response:
    return form_page(request, "set_password.html", status=status, link=link, problem=problem)


def _refused(request: Request, error: UltraError, link: str) -> Response:
    return refused(request, error, lambda status: _form(request, link=link, problem=error.message, status=status))
