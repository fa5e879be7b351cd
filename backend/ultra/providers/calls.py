"""What a vendor's file is made of: the call it wants made, and the decoder of what comes back. Values and promises."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from ultra.domain.chat import Event
from ultra.protocols.sse import Frame

JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json", "accept": "text/event-stream"}


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP call without its key. `path` follows the base URL and is percent-encoded already."""

    method: Literal["GET", "POST"]
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds, each also bounded by the caller's deadline.

    `connect`: until TCP and TLS stand. `first_byte`: from asking, connecting included, until the answer's first byte.
    `idle`: between two bytes. `linger`: between two bytes once the vendor has said why it ended and only usage can
    follow.
    """

    connect: float = 5.0
    first_byte: float = 60.0
    idle: float = 30.0
    linger: float = 2.0


class StreamDecoder(Protocol):
    """Turns one answer's frames into events; made anew for every request."""

    @property
    def is_complete(self) -> bool:
        """Has the vendor said why the answer ended? Losing the connection from now on loses no content."""

    def decode(self, frame: Frame) -> Iterable[Event]:
        """Return the events a frame holds; raises an `UltraError` for an error sent inside the stream."""

    def end(self) -> Iterable[Event]:
        """Return the last events once the body has ended; raises `Truncated` when no end was announced."""
