"""Numbers the parts of an answer for wires that send pieces without saying where a part begins and ends."""

from collections.abc import Iterator, Sequence

from ultra.domain.chat import Delta, Event, Opaque, PartEnded, PartKind, PartStarted


class PartWriter:
    """Text of one kind in a row is one part; another kind ends it. Tool calls stay open until the end."""

    def __init__(self) -> None:
        self._count = 0
        self._kind: PartKind | None = None
        self._index = 0
        self._opaque: Opaque | None = None
        self._calls: list[int] = []

    def text(self, kind: PartKind, text: str) -> Sequence[Event]:
        """Add text, reasoning or refusal; empty text opens nothing."""
        if not text:
            return ()
        if self._kind == kind:
            return (Delta(self._index, text),)
        closed = tuple(self.close_text())
        self._kind, self._index = kind, self._number()
        return (*closed, PartStarted(self._index, kind), Delta(self._index, text))

    def sign(self, opaque: Opaque) -> Iterator[Event]:
        """Bind a signature to the text part that is open; without one it is a part of its own."""
        if self._kind is None:
            yield from self.whole(opaque)
        else:
            self._opaque = opaque

    def whole(self, opaque: Opaque) -> Iterator[Event]:
        """Add a part of the vendor's own that arrived in one piece."""
        yield from self.close_text()
        index = self._number()
        yield PartStarted(index, "opaque")
        yield PartEnded(index, opaque)

    def open_call(self, tool_id: str, name: str) -> tuple[int, list[Event]]:
        """Begin a tool call; returns its index for `Delta`, and the events."""
        events = list(self.close_text())
        index = self._number()
        self._calls.append(index)
        return index, [*events, PartStarted(index, "tool_call", tool_id, name)]

    def close_text(self) -> Iterator[Event]:
        """End the text part that is open."""
        if self._kind is not None:
            yield PartEnded(self._index, self._opaque)
            self._kind = self._opaque = None

    def end_call(self, index: int, opaque: Opaque | None) -> Iterator[Event]:
        """End one tool call that came whole."""
        self._calls.remove(index)
        yield PartEnded(index, opaque)

    def close(self) -> Iterator[Event]:
        """End everything that is open."""
        yield from self.close_text()
        for index in self._calls:
            yield PartEnded(index)
        self._calls = []

    def _number(self) -> int:
        self._count += 1
        return self._count - 1
