"""Where a request came from, as the audit tells it."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from ultra.auth.sign_in import Source


def _source(request: Request) -> Source:
    return Source(
        address=request.scope.get("ultra.address"),
        user_agent=request.headers.get("user-agent"),
        request_id=request.scope["ultra.request_id"],
        device=request.state.services.access.devices.presented(request.scope["headers"]),
        session=request.state.services.access.session_cookie.presented(request.scope["headers"]),
    )


From = Annotated[Source, Depends(_source)]
