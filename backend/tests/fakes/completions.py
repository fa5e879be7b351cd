"""Completions scripted per model, on the clock of the test."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import Literal, Self, TypeAlias

from ultra.domain.chat import (
    ChatRequest,
    Delta,
    Event,
    Finished,
    FinishReason,
    PartEnded,
    PartStarted,
    Started,
    Usage,
    UsageReported,
)
from ultra.domain.errors import NotFound, TimedOut, UltraError
from ultra.domain.ports import CallContext
from ultra.domain.receipts import Receipt
from ultra.system import System

_USAGE = Usage(input_total=10, output_total=5)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model says, and when.

    `delay` seconds pass before it accepts, `pace` before each of its `pieces` (or the words of `text`). `error` fails
    it before anything came, `breaks` after everything was said. `cost_usd` None is an unknown price.
    """

    text: str = ""
    delay: float = 0.0
    pace: float = 0.0
    pieces: tuple[str, ...] | None = None
    error: UltraError | None = None
    breaks: UltraError | None = None
    finish: FinishReason = "stop"
    usage: Usage | None = _USAGE
    cost_usd: Decimal | None = Decimal("0.001")
    model: str | None = None
    """Who answers, when it is not the model that was asked."""

    @property
    def said(self) -> tuple[str, ...]:
        """The text as it is streamed."""
        return self.pieces if self.pieces is not None else _words(self.text)


Said: TypeAlias = Reply | str | UltraError
Script: TypeAlias = Callable[[ChatRequest, CallContext], Said]


@dataclass(slots=True)
class Asked:
    """One completion that was asked for. Times are `System.monotonic()`; `ended_at` is None while it is open."""

    request: ChatRequest
    call: CallContext
    at: float
    outcome: Literal["waiting", "streaming", "ok", "failed", "cancelled"] = "waiting"
    ended_at: float | None = None


class FakeCompletions:
    """Answers by the script of the requested model: a callable, or one thing said every time.

    Keeps the promise of the gateway: entering waits for the model to accept, errors come from entering or iterating,
    the deadline of the call raises `TimedOut`, leaving early ends the call, and streams carry a receipt.
    """

    def __init__(
        self,
        *,
        system: System,
        scripts: Mapping[str, Script | Said] | None = None,
        default: Script | Said | None = None,
    ) -> None:
        self.scripts: dict[str, Script | Said] = dict(scripts or {})
        self.default = default
        self.asked: list[Asked] = []
        self._system = system

    def open(self, request: ChatRequest, call: CallContext) -> "FakeOpening":
        """Ask; the question is recorded once the stream is entered."""
        return FakeOpening(self, self._system, request, call)

    def asked_of(self, model: str) -> list[Asked]:
        """Return what this model was asked, in order."""
        return [each for each in self.asked if each.request.model == model]

    @property
    def open_now(self) -> int:
        """How many completions have neither ended nor been left."""
        return sum(each.ended_at is None for each in self.asked)

    def reply(self, request: ChatRequest, call: CallContext) -> Reply:
        """Ask the script."""
        script = self.scripts.get(request.model, self.default)
        if script is None:
            raise NotFound(f"There is no model {request.model!r}.", param="model")
        said = script(request, call) if callable(script) else script
        if isinstance(said, UltraError):
            return Reply(error=said)
        return Reply(said) if isinstance(said, str) else said


@dataclass(slots=True)
class FakeOpening:
    """One completion: the context manager and the stream it gives."""

    owner: FakeCompletions
    system: System
    request: ChatRequest
    call: CallContext
    receipt: Receipt = field(default_factory=Receipt)
    _asked: Asked = field(init=False)
    _events: AsyncGenerator[Event, None] = field(init=False)

    async def __aenter__(self) -> Self:
        self._asked = Asked(self.request, self.call, self.system.monotonic())
        self.owner.asked.append(self._asked)
        try:
            reply = self.owner.reply(self.request, self.call)
            await self._accept(reply)
        except UltraError:
            self._end("failed")
            raise
        except BaseException:
            self._end("cancelled")
            raise
        self._asked.outcome = "streaming"
        self.receipt = Receipt(reply.model or self.request.model, 1, reply.cost_usd, reply.usage)
        self._events = self._say(reply)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._end("cancelled")
        await self._events.aclose()

    def __aiter__(self) -> Self:
        return self

    def ready(self) -> Event | None:
        """Return None: every event of a fake is awaited."""
        return None

    async def __anext__(self) -> Event:
        try:
            event = await anext(self._events)
        except UltraError:
            self._end("failed")
            raise
        if isinstance(event, Finished):
            self._end("ok")
        return event

    async def _accept(self, reply: Reply) -> None:
        await self._wait(reply.delay)
        if reply.error is not None:
            self.receipt = Receipt(attempts=1, cost_usd=Decimal(0))
            raise reply.error

    async def _say(self, reply: Reply) -> AsyncGenerator[Event, None]:
        model = reply.model or self.request.model
        yield Started(id=f"answer-{len(self.owner.asked)}", provider=model.partition("/")[0], model=model)
        yield PartStarted(0, "text")
        for piece in reply.said:
            await self._wait(reply.pace)
            yield Delta(0, piece)
        if reply.breaks is not None:
            raise reply.breaks
        yield PartEnded(0)
        if reply.usage is not None:
            yield UsageReported(reply.usage)
        yield Finished(reply.finish, reply.finish)

    async def _wait(self, seconds: float) -> None:
        left = self.call.deadline - self.system.monotonic()
        if seconds >= left:
            await self.system.sleep(max(left, 0.0))
            raise TimedOut("The deadline passed.", model=self.request.model)
        if seconds > 0:
            await self.system.sleep(seconds)

    def _end(self, outcome: Literal["ok", "failed", "cancelled"]) -> None:
        if self._asked.ended_at is None:
            self._asked.outcome = outcome
            self._asked.ended_at = self.system.monotonic()


def _words(text: str) -> tuple[str, ...]:
    words = text.split(" ")
    return tuple(word if index == 0 else f" {word}" for index, word in enumerate(words)) if text else ()
