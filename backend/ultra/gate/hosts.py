"""Which names this server answers to: a page of another site must not reach it under a name of its own."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from ultra.domain.errors import InvalidRequest

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MOST_DIGITS = 5


class Hosts:
    """Refuses requests whose `Host` names another server (DNS rebinding, poisoned links), names none, or stands twice.

    Right are the host and port of `public_origin`, `bound` (the name or address that is listened on) and the names of
    the loopback interface on any port: a page cannot make a browser send those for an address of its own. `open_paths`
    are answered under every name, because probes call a machine by an address it does not know of.
    """

    def __init__(
        self, app: ASGIApp, *, public_origin: str | None, bound: str, open_paths: Collection[str] = ()
    ) -> None:
        self._app = app
        self._published = None if public_origin is None else _published(public_origin)
        self._names = _LOOPBACK_NAMES | {bound.strip("[]").lower()}
        self._open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and scope["path"] not in self._open_paths:
            given = [value for name, value in scope["headers"] if name == b"host"]
            if len(given) != 1 or not self._knows(given[0].decode("latin-1").lower()):
                raise InvalidRequest(
                    "The Host header does not name this server.",
                    hint="Call Ultra by the address it is published at (ULTRA_PUBLIC_ORIGIN).",
                    code="unknown_host",
                )
        await self._app(scope, receive, send)

    def _knows(self, host: str) -> bool:
        place = _split(host)
        if place is None:
            return False
        name, port = place
        return name in self._names or (name, port) in (self._published or ())


def _published(origin: str) -> frozenset[tuple[str, int | None]]:
    """Return the `(name, port)` that a client of that origin sends; the usual port may be left out."""
    parts = urlsplit(origin)
    usual = _DEFAULT_PORTS.get(parts.scheme)
    port = parts.port or usual
    name = (parts.hostname or "").lower()
    return frozenset({(name, port), (name, None)} if port == usual else {(name, port)})


def _split(host: str) -> tuple[str, int | None] | None:
    """Return name and port of `host[:port]`, None for anything else."""
    if host.startswith("["):
        name, closed, rest = host[1:].partition("]")
        if not closed:
            return None
    else:
        name, colon, rest = host.partition(":")
        rest = colon + rest
    if rest == "":
        return name, None
    digits = rest[1:]
    if rest[0] != ":" or not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        return None
    return name, int(digits)
