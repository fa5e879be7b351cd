"""A socket's closing that lets the other side read what it was told."""

import asyncio
from collections.abc import Callable
from typing import Any


class LingeringTransport:
    """A transport whose `close` does not cut off a client in the middle of a request body.

    Closing a socket with unread bytes in it makes the kernel send a reset, and a client that sends a large body would
    lose the very answer that tells it to stop. So while `is_unread()`, this side only stops writing, reads nothing
    more, and closes `linger_s` seconds later. Everything else is the transport's own.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        loop: asyncio.AbstractEventLoop,
        is_unread: Callable[[], bool],
        linger_s: float,
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._is_unread = is_unread
        self._linger_s = linger_s
        self._is_leaving = False

    def close(self) -> None:
        """Close as soon as what was written is sent; with bytes unread, a moment after that."""
        if self._is_leaving:
            return
        self._is_leaving = True
        if self._is_unread() and self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.pause_reading()
            self._transport.write_eof()
            self._loop.call_later(self._linger_s, self._transport.close)
        else:
            self._transport.close()

    def is_closing(self) -> bool:
        """Whether nothing more is to be written."""
        return self._is_leaving or self._transport.is_closing()

    def resume_reading(self) -> None:
        """Read on, unless this side is leaving."""
        if not self._is_leaving:
            self._transport.resume_reading()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
