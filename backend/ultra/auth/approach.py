"""What a request says about who sent it, before anything of it is believed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field


async def _no_body() -> bytes:
    return b""


@dataclass(frozen=True, slots=True)
class Approach:
    """A request as far as it tells who sent it. Names of headers are lower case, in the order they came.

    `path` is the one routes are matched on, `raw_path` and `query` are as they came over the wire, without the `?`.
    `peer` is the other end of the socket, `address` the client's as resolved through trusted proxies; both are None on
    sockets without addresses. `request_id` is for the audit. `body` reads the capped body; the test mode's signature
    alone asks for it.
    """

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]] = field(repr=False)
    peer: str | None = None
    address: str | None = None
    request_id: str | None = None
    body: Callable[[], Awaitable[bytes]] = field(default=_no_body, repr=False)
