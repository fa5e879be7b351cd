"""Server-sent events as bytes: a decoder that takes any chunk boundary, and an encoder.

Lines end on LF, CR or CRLF and on nothing else (WHATWG HTML, 9.2.6): U+2028 inside JSON is text.
"""

import re
from typing import NamedTuple

from ultra.domain.errors import ProtocolViolated

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}
"""What every event stream is answered with, so that no proxy holds it back."""

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class Frame(NamedTuple):
    """One dispatched event. `event` is None when unnamed; `id` is the last one seen on the stream."""

    event: str | None
    data: bytes
    id: str | None = None


class Decoder:
    """Turns chunks of a stream into frames; keeps at most one unfinished event of `max_event_bytes`."""

    def __init__(self, *, max_event_bytes: int = 16 * 1024 * 1024) -> None:
        self._limit = max_event_bytes
        self._line: list[bytes] = []
        self._line_bytes = 0
        self._data: list[bytes] = []
        self._event: str | None = None
        self._id: str | None = None
        self._event_bytes = 0
        self._at_start = True
        self._after_cr = False

    @property
    def pending(self) -> bool:
        """Is an event unfinished? At the end of a stream this means that bytes were lost."""
        return bool(self._line or self._data or self._event is not None)

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes and return the events they complete; raises `ProtocolViolated` over the limit."""
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if not chunk:
            return []
        lines = _LINE_END.split(chunk) if b"\r" in chunk else chunk.split(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        frames: list[Frame] = []
        for piece in lines[:-1]:
            if piece[:6] == b"data: " and not self._line and not self._at_start:
                # nearly every line is one of these, whole in its chunk: taken without detours
                self._event_bytes += len(piece)
                if self._event_bytes > self._limit:
                    self._check(0)
                self._data.append(piece[6:])
                continue
            line = self._complete(piece)
            if line:
                self._read(line)
            elif (frame := self._dispatch()) is not None:
                frames.append(frame)
        self._keep(lines[-1])
        return frames

    def close(self) -> list[Frame]:
        """End the stream. An unfinished event is not dispatched; `pending` says whether there was one."""
        return []

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._line.append(piece)
            self._line_bytes += len(piece)
            self._check(self._line_bytes)

    def _complete(self, piece: bytes) -> bytes:
        line = piece
        if self._line:
            self._line.append(piece)
            line = b"".join(self._line)
            self._line.clear()
            self._line_bytes = 0
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        return line

    def _read(self, line: bytes) -> None:
        self._check(len(line))
        if line.startswith(b":"):
            return
        self._event_bytes += len(line)
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace") or None
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")

    def _dispatch(self) -> Frame | None:
        frame = Frame(self._event, b"\n".join(self._data), self._id) if self._data else None
        self._data.clear()
        self._event = None
        self._event_bytes = 0
        return frame

    def _check(self, more: int) -> None:
        if self._event_bytes + more > self._limit:
            raise ProtocolViolated(
                f"An event of the stream is larger than {self._limit} bytes.",
                hint="Raise the event limit if the answer is meant to hold so much.",
            )


def encode(data: bytes, *, event: str | None = None, newline: bytes = b"\n") -> bytes:
    """Return one whole event. Line ends inside `data` become separate data lines; `event` must hold none."""
    head = b""
    if event is not None:
        if "\n" in event or "\r" in event:
            raise ValueError("An event name cannot hold a line end.")
        head = b"event: " + event.encode() + newline
    if b"\n" in data or b"\r" in data:
        data = (newline + b"data: ").join(_LINE_END.split(data))
    return head + b"data: " + data + newline + newline
