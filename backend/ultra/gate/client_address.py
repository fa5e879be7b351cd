"""Whose address a request comes from: the socket says it, and trusted proxies may say more, nobody else."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

Address: TypeAlias = IPv4Address | IPv6Address

_FORWARDED_FOR = b"x-forwarded-for"
_MOST_HOPS = 100
_MOST_DIGITS = 5


class ClientAddress:
    """Leaves the client's address in `scope["ultra.address"]` and the socket's other end in `scope["ultra.peer"]`.

    Both are texts in canonical form, None on sockets without addresses. `scope["ultra.from_proxy"]` says whether that
    other end is one of the `trusted`. `X-Forwarded-For` is read from right to left,
    and only while the hop that wrote an entry is in `trusted` (networks in CIDR form): the first address beyond them
    is the client's. What is no address ends the walk at the hop that passed it on. No other header is looked at.
    """

    def __init__(self, app: ASGIApp, *, trusted: Sequence[str]) -> None:
        self._app = app
        self._trusted = tuple(ip_network(each, strict=False) for each in trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            client = scope.get("client")
            peer = parsed(client[0]) if client else None
            scope["ultra.peer"] = None if peer is None else str(peer)
            scope["ultra.from_proxy"] = peer is not None and self._trusts(peer)
            scope["ultra.address"] = None if peer is None else str(self._walk(peer, scope))
        await self._app(scope, receive, send)

    def _walk(self, hop: Address, scope: Scope) -> Address:
        if not self._trusted or not self._trusts(hop):
            return hop
        for entry in _entries(scope["headers"]):
            address = parsed(_without_port(entry))
            if address is None:
                break
            hop = address
            if not self._trusts(hop):
                break
        return hop

    def _trusts(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._trusted)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Address | None:
    """Read an address in any spelling of RFC 4291 or dotted quads; a mapped IPv4 is an IPv4, a zone is dropped."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return mapped if mapped is not None else IPv6Address(int(address))
    return address


def _entries(headers: Sequence[tuple[bytes, bytes]]) -> Iterator[str]:
    """Yield what all `X-Forwarded-For` lines hold, the last written first."""
    hops = 0
    for name, value in reversed(headers):
        if name != _FORWARDED_FOR:
            continue
        for entry in reversed(value.decode("latin-1").split(",")):
            hops += 1
            if hops > _MOST_HOPS:
                return
            yield entry.strip(" \t")


def _without_port(entry: str) -> str:
    """Drop the port that some proxies write: `192.0.2.1:80` and `[2001:db8::1]:80`."""
    if entry.startswith("["):
        inside, closed, rest = entry[1:].partition("]")
        return inside if closed and (rest == "" or _is_port(rest)) else ""
    host, colon, port = entry.partition(":")
    return host if colon and "." in host and _is_port(f":{port}") else entry


def _is_port(text: str) -> bool:
    digits = text[1:]
    return text[:1] == ":" and digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS
