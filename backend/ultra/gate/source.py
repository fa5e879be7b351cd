"""Where a request comes from, as the audit tells it."""

from starlette.requests import Request

from ultra.auth.sign_in import Source


def source_of(request: Request) -> Source:
    """Return the address, the browser and what of its cookies is known, for the audit and the limits."""
    access = request.state.services.access
    headers = request.scope["headers"]
    return Source(
        address=request.scope.get("ultra.address"),
        user_agent=request.headers.get("user-agent"),
        request_id=request.scope["ultra.request_id"],
        device=access.devices.presented(headers),
        session=access.session_cookie.presented(headers),
    )
