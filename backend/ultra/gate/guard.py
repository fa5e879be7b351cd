"""Who may come in. Until accounts exist this is a temporary door: whoever is on this machine is its operator."""

from functools import lru_cache
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from ultra.domain.errors import Forbidden
from ultra.domain.identity import LOCAL_OPERATOR

_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class TemporaryDoor:
    """Lets in only what comes from this machine and was meant for it.

    The peer must be a loopback address. The `Host` must name this machine, or a web page could reach Ultra through a
    name it points at 127.0.0.1 (DNS rebinding). A browser's request from another site is refused, or any page
    somebody visits could spend money here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            _refuse_unless_local(scope)
            _refuse_unless_meant(headers.get(b"host", b"").decode("latin-1"))
            _refuse_other_sites(headers)
            scope["ultra.principal"] = LOCAL_OPERATOR
        await self._app(scope, receive, send)


def _refuse_unless_local(scope: Scope) -> None:
    client = scope.get("client")
    if client is None or not _is_loopback(client[0]):
        raise Forbidden(
            "Ultra answers this machine only, until it has accounts.",
            hint="Call it at http://127.0.0.1 from the machine it runs on.",
        )


@lru_cache(maxsize=1024)
def _is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback


def _refuse_unless_meant(host: str) -> None:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name.strip("[]").lower() not in _OWN_NAMES:
        raise Forbidden(
            "The Host header names another machine.", hint="Use http://127.0.0.1 or http://localhost as the address."
        )


def _refuse_other_sites(headers: dict[bytes, bytes]) -> None:
    site = headers.get(b"sec-fetch-site", b"none")
    if site not in (b"none", b"same-origin"):
        raise Forbidden("This request comes from a page of another site.", hint="Call Ultra from a program instead.")
