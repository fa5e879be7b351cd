"""Whom to tell about a weakness of this server: `/.well-known/security.txt` (RFC 9116)."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ultra.services import Services

_GOOD_FOR = timedelta(days=30)


async def security_txt(request: Request) -> Response:
    """Say where to write, and until when that is so."""
    services: Services = request.state.services
    settings = services.settings
    text = written(settings.security_contact, origin=settings.public_origin, now=services.system.now())
    return PlainTextResponse(text, headers={"cache-control": "public, max-age=86400"})


def written(contact: str | None, *, origin: str | None, now: datetime) -> str:
    """Return the file. Without a `contact` it is the mailbox that every domain has for this (RFC 2142)."""
    host = urlsplit(origin or "").hostname or "localhost"
    until = (now + _GOOD_FOR).strftime("%Y-%m-%dT00:00:00Z")
    lines = [f"Contact: {contact or f'mailto:security@{host}'}", f"Expires: {until}", "Preferred-Languages: en"]
    if origin is not None:
        lines.append(f"Canonical: {origin}/.well-known/security.txt")
    return "\n".join(lines) + "\n"
