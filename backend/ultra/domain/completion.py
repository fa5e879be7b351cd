"""A completion is the fold of its events: streaming and not streaming read the same facts."""

from collections.abc import AsyncIterable
from dataclasses import dataclass, field

from ultra.domain.chat import (
    Delta,
    Event,
    Finished,
    FinishReason,
    Loss,
    Opaque,
    Part,
    PartEnded,
    PartStarted,
    Reasoning,
    Refusal,
    Started,
    Text,
    ToolCall,
    Usage,
    UsageReported,
)
from ultra.domain.errors import Truncated


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer. `usage` is None when nobody knows it."""

    id: str
    provider: str
    model: str
    parts: tuple[Part, ...]
    finish: Finished
    usage: Usage | None
    losses: tuple[Loss, ...] = ()

    @property
    def text(self) -> str:
        """The visible text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def finish_reason(self) -> FinishReason:
        """Why it ended."""
        return self.finish.reason


@dataclass(slots=True)
class _OpenPart:
    start: PartStarted
    pieces: list[str] = field(default_factory=list)
    opaque: Opaque | None = None

    def close(self) -> Part | None:
        text = "".join(self.pieces)
        match self.start.kind:
            case "text":
                return Text(text)
            case "reasoning":
                return Reasoning(text, opaque=self.opaque)
            case "refusal":
                return Refusal(text)
            case "tool_call":
                return ToolCall(self.start.tool_id or "", self.start.tool_name or "", text, self.opaque)
            case "opaque":
                return self.opaque


class Fold:
    """Takes events one by one; `result()` is the completion once `Finished` was seen."""

    def __init__(self) -> None:
        self._started: Started | None = None
        self._parts: dict[int, _OpenPart] = {}
        self._usage: Usage | None = None
        self._finished: Finished | None = None

    def add(self, event: Event) -> None:
        """Take the next event."""
        match event:
            case Started():
                self._started = event
            case PartStarted():
                self._parts[event.index] = _OpenPart(event)
            case Delta():
                self._parts[event.index].pieces.append(event.text)
            case PartEnded():
                self._parts[event.index].opaque = event.opaque
            case UsageReported():
                self._usage = event.usage
            case Finished():
                self._finished = event

    @property
    def text(self) -> str:
        """The visible text so far."""
        return "".join("".join(part.pieces) for part in self._parts.values() if part.start.kind == "text")

    @property
    def usage(self) -> Usage | None:
        """The last usage reported so far."""
        return self._usage

    def result(self) -> Completion:
        """Return the whole completion; raise `Truncated` when its end was never announced."""
        if self._started is None or self._finished is None:
            raise Truncated("The answer ended before its end was announced.")
        closed = (self._parts[index].close() for index in sorted(self._parts))
        return Completion(
            id=self._started.id,
            provider=self._started.provider,
            model=self._started.model,
            parts=tuple(part for part in closed if part is not None),
            finish=self._finished,
            usage=self._usage,
            losses=self._started.losses,
        )


async def gather(events: AsyncIterable[Event]) -> Completion:
    """Read a stream to its end and return its fold."""
    fold = Fold()
    async for event in events:
        fold.add(event)
    return fold.result()
