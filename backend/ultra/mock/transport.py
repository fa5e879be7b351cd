"""Below HTTP: hands the application its own connection, so that a fault can reset it or hang up for real."""

import contextlib
import os
import socket
import struct
from asyncio import Transport
from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EXTENSION = "ultra.connection"

_LINGER_ZERO = struct.pack("ii", 1, 0)


class Connection:
    """The socket under one request."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def reset(self) -> None:
        """Close at once with an RST, as a crashed process or a firewall would."""
        handle = self._transport.get_extra_info("socket")
        if handle is not None:
            with contextlib.suppress(OSError):
                # the option belongs to the connection, so a duplicate of the descriptor reaches it on any event loop
                twin = socket.socket(fileno=os.dup(handle.fileno()))
                twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
                twin.close()
        self._transport.abort()

    def hang_up(self) -> None:
        """Send what is buffered, then close with a FIN although the body has not ended."""
        self._transport.close()


class MockProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP/1.1, with the connection offered to the application and no access log of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False

    def on_message_begin(self) -> None:
        """Begin a request: uvicorn makes the scope, the connection is added to it."""
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"connection": Connection(self.transport)}}


def connection_of(scope: Mapping[str, Any]) -> Connection:
    """Return the connection of a request; raises `RuntimeError` when another server than the mock's own runs it."""
    found = scope.get("extensions", {}).get(EXTENSION)
    if found is None:
        raise RuntimeError("Faults below HTTP need the mock's own server: start it with ultra.mock.server.serve().")
    connection: Connection = found["connection"]
    return connection
