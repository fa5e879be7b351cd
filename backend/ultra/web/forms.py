"""What pages with a form share: the token in it, and saying on it what was wrong."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ultra.domain.errors import UltraError
from ultra.protocols.problems import problem
from ultra.services import Services
from ultra.web.pages import page

_TOLD = frozenset({"retry-after", "retry-after-ms"})


def form_page(request: Request, template: str, *, status: int, **facts: Any) -> Response:
    """Render a page whose form carries a token bound to this browser."""
    services: Services = request.state.services
    issued = services.access.csrf.issue(request.scope["headers"])
    response = page(template, status=status, csrf_token=issued.token, **facts)
    if issued.set_cookie is not None:
        response.headers.append("set-cookie", issued.set_cookie)
    return response


def refused(request: Request, error: UltraError, show: Callable[[int], Response]) -> Response:
    """Show the form again, under the status and headers that programs are told."""
    reply = problem(error, request_id=request.scope["ultra.request_id"], show_internals=False)
    response = show(reply.status)
    response.headers.update({name: value for name, value in reply.headers.items() if name in _TOLD})
    return response
